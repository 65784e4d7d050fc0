import { AnodeError, isAnodeError, isErrorCode } from "../../lib/errors.js";
import type { CancelTimer, Host } from "../../lib/host.js";
import type { ClientFrame, ConnectedFrame, ConnectFrame, DaemonFrame, MessageFrame, ReceiptStatus } from "../../lib/index.js";
import type { Carrier, PeerSocket } from "./carrier.js";
import type { Credential } from "./credential.js";
import { delayAfterClose, delayAfterRefusal } from "./peer-duty.js";
import { SeenDeliveries } from "./seen-deliveries.js";

/** Who connects: what a registration says, and how it goes on. */
export type PeerOptions = Omit<ConnectFrame, "type" | "v" | "auth_token"> & {
  /** The peer's own token, when it has one; else the client's credential, and from then on the token that it was given. */
  readonly peer_token?: string;
  /** Ends the connection for good. */
  readonly signal?: AbortSignal;
};

/** What a receiver did with a message. */
export interface Receipt {
  readonly status: ReceiptStatus;
  readonly detail?: string;
}

type Taken = Receipt | void;
type Handler<Type extends MessageFrame["type"]> = (message: Extract<MessageFrame, { readonly type: Type }>) => Taken | Promise<Taken>;

/** Why a socket is over. */
export interface PeerDisconnect {
  /** The close code; absent when the socket could not be opened. */
  readonly code?: number;
  readonly reason: string;
  /** What it could not be opened with. */
  readonly error?: AnodeError;
  /** Milliseconds until the next try; absent = this was the end. */
  readonly retryMs?: number;
}

/** What is done with what comes. A message whose handler returns counts as `injected`, one whose handler throws as `failed`. */
export interface PeerHandlers {
  readonly ask?: Handler<"ask">;
  readonly notify?: Handler<"notify">;
  readonly broadcast?: Handler<"broadcast">;
  readonly reply?: Handler<"reply">;
  /** Each time that the socket stands; the name given is the peer's name. */
  readonly connected?: (peer: ConnectedFrame) => void;
  readonly disconnected?: (why: PeerDisconnect) => void;
  /** The daemon did not like a frame. */
  readonly error?: (error: { readonly code: string; readonly detail: string }) => void;
  /** Whether the agent is still in its pane; asked with each ping. */
  readonly paneAlive?: () => boolean | undefined | Promise<boolean | undefined>;
}

type Said<Type extends ClientFrame["type"]> = Omit<Extract<ClientFrame, { readonly type: Type }>, "type">;

/** A peer's socket, kept up over as many connections as it takes. */
export interface PeerConnection {
  /** The peer as it was connected last. */
  readonly peer: ConnectedFrame | undefined;
  /** Resolves with the first connection. @throws why there was none */
  readonly ready: Promise<ConnectedFrame>;
  /** Resolves when it does not come back any more. */
  readonly ended: Promise<PeerDisconnect>;
  /** Reports what the peer does. False while there is no socket. */
  status(report: Said<"status">): boolean;
  /** @throws the refusal; `connection_lost` when the socket went before the answer */
  update(changes: Said<"update">): Promise<void>;
  /** Acknowledges an ask, or answers its question. @throws as {@link PeerConnection.update} */
  reply(reply: Said<"reply">): Promise<void>;
  /** Ends it; idempotent. */
  close(): Promise<void>;
}

/** What a connection is made of. */
export interface PeerParts {
  readonly carrier: Carrier;
  readonly credential: Credential;
  readonly host: Pick<Host, "clock">;
  readonly random: () => number;
  /** The client is closing. */
  readonly closing: AbortSignal;
}

/** Silence, in heartbeats, after which nobody is taken to be there. */
const silentBeats = 3;

/** Connects a peer. */
export function connectPeer(parts: PeerParts, options: PeerOptions, handlers: PeerHandlers): PeerConnection {
  return new ReconnectingPeer(parts, options, handlers);
}

class ReconnectingPeer implements PeerConnection {
  readonly #parts: PeerParts;
  #registration: Omit<PeerOptions, "peer_token" | "signal">;
  readonly #handlers: PeerHandlers;
  readonly #seen = new SeenDeliveries<Receipt>();
  readonly #ready = Promise.withResolvers<ConnectedFrame>();
  readonly #ended = Promise.withResolvers<PeerDisconnect>();
  readonly #results = new Map<string, ((frame: { readonly ok: boolean; readonly code?: string }) => void)[]>();
  #token: string | undefined;
  #peer: ConnectedFrame | undefined;
  #socket: PeerSocket | undefined;
  #failures = 0;
  #isOver = false;
  #cancelRetry: CancelTimer = () => {};
  #cancelSilence: CancelTimer = () => {};

  constructor(parts: PeerParts, { peer_token, signal, ...registration }: PeerOptions, handlers: PeerHandlers) {
    this.#parts = parts;
    this.#registration = { capabilities: ["delivery_receipts"], ...registration };
    this.#handlers = handlers;
    this.#token = peer_token;
    this.#ready.promise.catch(() => {});
    for (const end of [signal, parts.closing]) {
      end?.addEventListener("abort", () => void this.close(), { once: true });
      if (end?.aborted) void this.close();
    }
    void this.#open();
  }

  get peer(): ConnectedFrame | undefined {
    return this.#peer;
  }

  get ready(): Promise<ConnectedFrame> {
    return this.#ready.promise;
  }

  get ended(): Promise<PeerDisconnect> {
    return this.#ended.promise;
  }

  status(report: Said<"status">): boolean {
    return this.#send({ type: "status", ...report });
  }

  update(changes: Said<"update">): Promise<void> {
    return this.#asked("update", { type: "update", ...changes });
  }

  reply(reply: Said<"reply">): Promise<void> {
    return this.#asked(reply.correlation_id, { type: "reply", ...reply });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#over({ reason: "closed here", ...(socket && { code: 1000 }) });
    socket?.close();
    await this.#ended.promise;
  }

  async #open(isRenewed = false): Promise<void> {
    if (this.#isOver) return;
    const { carrier, credential } = this.#parts;
    const token = this.#token ?? (await credential.current().catch(() => undefined));
    const { address } = carrier;
    let isGone = false;
    try {
      if (!carrier.openSocket) throw new AnodeError("not_supported", `Peers connect over HTTP, not over ${carrier.address}.`);
      const socket = await carrier.openSocket(token === undefined ? {} : { authorization: `Bearer ${token}` }, {
        message: (text) => this.#heard(text),
        closed: (code, reason) => {
          isGone = true;
          this.#lost({ code, reason });
        },
      });
      if (isGone) return;
      if (this.#isOver) return socket.close();
      this.#socket = socket;
      this.#listen();
      this.#send({ type: "connect", v: 1, ...this.#registration });
    } catch (thrown) {
      const error = isAnodeError(thrown) ? thrown : new AnodeError("connection_lost", "The socket could not be opened.", { cause: thrown });
      if (error.code === "connection_refused" && (await carrier.follow?.(address))) return this.#open();
      if (error.status === 401 && this.#token === undefined && !isRenewed) {
        const other = await credential.replacement(token).catch(() => undefined);
        if (other !== undefined) return this.#open(true);
      }
      this.#lost({ reason: error.message, error });
    }
  }

  #lost(why: Pick<PeerDisconnect, "code" | "reason" | "error">): void {
    if (this.#isOver) return;
    this.#drop();
    this.#failures += 1;
    const { random, host } = this.#parts;
    const { code = 1006, error } = why;
    const retryMs = error ? delayAfterRefusal(error, this.#failures, random) : delayAfterClose(code, this.#failures, random);
    if (retryMs === undefined) return this.#over(why);
    this.#cancelRetry = host.clock.schedule(() => void this.#open(), retryMs);
    this.#tell(() => this.#handlers.disconnected?.({ ...why, retryMs }));
  }

  #over(why: PeerDisconnect): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelRetry();
    this.#drop();
    const { code, reason, error = new AnodeError("connection_lost", `The peer's socket ended: ${code ?? ""} ${reason}.`) } = why;
    this.#ready.reject(error);
    this.#ended.resolve(why);
    this.#tell(() => this.#handlers.disconnected?.(why));
  }

  #drop(): void {
    this.#socket = undefined;
    this.#cancelSilence();
    const results = [...this.#results.values()].flat();
    this.#results.clear();
    for (const settle of results) settle({ ok: false, code: "connection_lost" });
  }

  #listen(): void {
    this.#cancelSilence();
    const socket = this.#socket;
    const silenceMs = silentBeats * (this.#peer?.heartbeat_ms ?? 30_000);
    this.#cancelSilence = this.#parts.host.clock.schedule(() => socket?.cut(), silenceMs);
  }

  #heard(text: string): void {
    if (!this.#socket) return;
    this.#listen();
    const frame = frameOf(text);
    if (!frame) return;
    switch (frame.type) {
      case "connected":
        return this.#connected(frame);
      case "ping":
        return void this.#pong(frame.nonce);
      case "result":
        return this.#results.get(frame.for)?.shift()?.(frame);
      case "error":
        return this.#tell(() => this.#handlers.error?.(frame));
      case "ask":
      case "notify":
      case "broadcast":
      case "reply":
        void this.#took(frame);
    }
  }

  #connected(frame: ConnectedFrame): void {
    this.#peer = frame;
    this.#failures = 0;
    this.#token = frame.peer_token ?? this.#token;
    // Whoever renames the peer meanwhile has the last word.
    const { name: _asked, display_name: _too, ...rest } = this.#registration;
    this.#registration = { ...rest, peer_id: frame.peer_id };
    this.#ready.resolve(frame);
    this.#tell(() => this.#handlers.connected?.(frame));
  }

  async #pong(nonce: string): Promise<void> {
    const pane_alive = await Promise.resolve(this.#handlers.paneAlive?.()).catch(() => undefined);
    this.#send({ type: "pong", nonce, ...(pane_alive !== undefined && { pane_alive }) });
  }

  async #took(frame: MessageFrame): Promise<void> {
    const receipt = await this.#seen.once(
      frame.delivery_id,
      () => this.#handle(frame),
      ({ status }) => status === "injected",
    );
    if (this.#registration.capabilities?.includes("delivery_receipts")) {
      this.#send({ type: "delivery_ack", delivery_id: frame.delivery_id, ...receipt });
    }
  }

  async #handle(frame: MessageFrame): Promise<Receipt> {
    const handler = this.#handlers[frame.type] as ((message: MessageFrame) => Taken | Promise<Taken>) | undefined;
    if (!handler) return { status: "rejected", detail: `no handler of ${frame.type}` };
    try {
      const { status, detail } = (await handler(frame)) ?? { status: "injected" as const };
      return { status, ...(detail !== undefined && { detail: detail.slice(0, 500) }) };
    } catch (error) {
      return { status: "failed", detail: String(error).slice(0, 500) };
    }
  }

  async #asked(key: string, frame: ClientFrame): Promise<void> {
    if (!this.#socket) throw new AnodeError("connection_lost", "The peer has no socket at this moment.");
    const { promise, resolve } = Promise.withResolvers<{ readonly ok: boolean; readonly code?: string }>();
    const settles = this.#results.get(key) ?? [];
    this.#results.set(key, [...settles, resolve]);
    this.#send(frame);
    const { ok, code = "protocol_error" } = await promise;
    if (!ok) throw new AnodeError(isErrorCode(code) ? code : "protocol_error", `The daemon refused the ${frame.type}: ${code}.`);
  }

  #send(frame: ClientFrame): boolean {
    this.#socket?.send(JSON.stringify(frame));
    return this.#socket !== undefined;
  }

  /** What an onlooker throws is its own trouble. */
  #tell(call: () => void): void {
    try {
      call();
    } catch {
      // Nothing of it changes the connection.
    }
  }
}

function frameOf(text: string): DaemonFrame | undefined {
  try {
    return JSON.parse(text) as DaemonFrame;
  } catch {
    return undefined;
  }
}
