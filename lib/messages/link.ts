import type { Caller } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import type { CancelTimer, Host } from "../host.js";
import type { Limits } from "../limits.js";
import { parseWith } from "../parse.js";
import type { PeerRecord } from "../peers/schema.js";
import { wellFormed } from "../well-formed.js";
import type { Channel, Handed } from "./channel.js";
import { type ClientFrame, clientFrames, type ConnectFrame, type DaemonFrame, type ReceiptStatus, type ReplyFrame } from "./frames.js";
import { type CloseCode, closeCodeOf, closeCodes } from "./link-close.js";
import { Heartbeat } from "./link-heartbeat.js";
import { handedBy, Receipts } from "./link-receipts.js";
import type { Message } from "./schema.js";
import type { Opening, PeerLink, Wire } from "./socket.js";
import { toFrame } from "./to-frame.js";

/** What a link tells of itself. */
export interface LinkPorts {
  readonly host: Host;
  readonly limits: Limits;
  /** It speaks for its peer from now on. Answers how many messages wait. */
  connected(link: Link): number;
  /** Its answer is out, and messages may follow. */
  ready(link: Link): void;
  closed(link: Link): void;
  /** The peer was heard of. */
  seen(peer_id: string): void;
  /** A message was put before the peer's agent, which works now. */
  working(peer_id: string): void;
  /** A receipt for which nobody waits any more. False for a message that is not this peer's, or has its end. */
  receipt(peer_id: string, delivery_id: string, status: ReceiptStatus, detail: string | undefined): Promise<boolean>;
  noted(peer_id: string, what: "injected" | "failed"): void;
}

interface Connected {
  readonly peer: PeerRecord;
  readonly peer_token?: string;
}

/** Which pane a hook stands for, and which hook it is. */
export interface SocketAbout {
  readonly pane_id?: string;
  readonly hook_version?: number;
}

const mostAtOnce = 64;
const disconnected: Handed = {
  state: "queued",
  reason: "disconnected",
  stages: [{ stage: "websocket_sent", detail: { verified: false } }],
};
const unverified: Handed = { state: "sent", stages: [{ stage: "websocket_sent", detail: { verified: false } }] };
const leaseOver: Handed = { ...disconnected, reason: "lease_over" };

/** The protocol of one socket: `connect` first, then messages out, receipts, replies and reports in. */
export class Link implements Channel, PeerLink {
  readonly kind = "websocket";
  readonly #wire: Wire;
  readonly #opening: Opening;
  readonly #ports: LinkPorts;
  readonly #receipts: Receipts;
  readonly #heartbeat: Heartbeat;
  /** Frames that came while the peer was being registered. */
  #early: Readonly<Record<string, unknown>>[] | undefined;
  #state: "connecting" | "registering" | "connected" | "closed" = "connecting";
  #self: (Caller & { readonly peer_id: string }) | undefined;
  #hasReceipts = false;
  #about: SocketAbout = {};
  /** Its one message of this idle is out. */
  #isSpent = false;
  /** What waits in the queue stays there until the other end has read more. */
  #isFull = false;
  #malformed = 0;
  #atWork = 0;
  #pongsWithoutPane = 0;
  #cancelFirst: CancelTimer;

  constructor(wire: Wire, opening: Opening, ports: LinkPorts) {
    this.#wire = wire;
    this.#opening = opening;
    this.#ports = ports;
    const { host, limits } = ports;
    const { clock } = host;
    this.#receipts = new Receipts(clock);
    this.#heartbeat = new Heartbeat({
      clock,
      limits,
      ping: (nonce) => this.#send({ type: "ping", nonce }),
      silent: () => this.close(closeCodes.policy, "silent for too long"),
    });
    const tooLate = (): void => this.close(closeCodes.noConnect, "no connect frame in time");
    this.#cancelFirst = clock.schedule(tooLate, limits.firstFrameMs);
  }

  /** Its peer; absent before it is connected. */
  get peer_id(): string | undefined {
    return this.#self?.peer_id;
  }

  /** The other end says what became of a message. */
  get hasReceipts(): boolean {
    return this.#hasReceipts;
  }

  /** What it said of itself when it connected. */
  get about(): SocketAbout {
    return this.#about;
  }

  /** How many answers in a row said that the agent is not in its pane. */
  get pongsWithoutPane(): number {
    return this.#pongsWithoutPane;
  }

  get isProven(): boolean {
    return this.#opening.caller !== undefined || this.#self !== undefined;
  }

  /** A frame came. */
  receive(frame: Readonly<Record<string, unknown>>): void {
    if (this.#state === "closed") return;
    this.#heartbeat.heard();
    if (this.#state === "registering") this.#early?.push(frame);
    else if (this.#state === "connecting") this.#first(frame);
    else this.#next(frame);
  }

  /** Something came that is no frame. */
  malformed(error: AnodeError): void {
    if (this.#state === "closed") return;
    if (this.#state !== "connected") return this.close(closeCodes.noConnect, "the first frame is not connect");
    this.#malformed += 1;
    this.#error(error);
    if (this.#malformed > this.#ports.limits.malformedFrames) this.close(closeCodes.malformed, "too many malformed frames");
  }

  /** Ends the socket from our side. */
  close(code: CloseCode, reason: string): void {
    if (this.#state === "closed") return;
    this.#over();
    this.#wire.close(code, reason);
  }

  /** The socket is gone. */
  lost(): void {
    if (this.#state !== "closed") this.#over();
  }

  holds(peer: PeerRecord, isReplay: boolean): "not_idle" | "busy" | undefined {
    if (this.#state !== "connected") return "busy";
    if (this.#isPane(peer) && (peer.turn_state !== "idle" || this.#isSpent)) return "not_idle";
    return isReplay && (this.#isFull || this.#receipts.replays >= this.#ports.limits.replayWindow) ? "busy" : undefined;
  }

  async push(message: Message, peer: PeerRecord, isReplay: boolean): Promise<Handed> {
    if (this.#state !== "connected") return { state: "queued", reason: "disconnected" };
    if (this.#isPane(peer)) {
      if (peer.turn_state !== "idle" || this.#isSpent) return { state: "queued", reason: "not_idle" };
      this.#isSpent = true;
    }
    const { receiptMs, claimMs } = this.#ports.limits;
    // Listening comes first: the write may end the socket.
    const receipt = this.#hasReceipts
      ? this.#receipts.wait(message.delivery_id, isReplay ? claimMs : receiptMs, isReplay ? leaseOver : unverified, isReplay)
      : undefined;
    const isOut = this.#send(toFrame(message, isReplay));
    return receipt ?? (isOut ? unverified : { state: "queued", reason: "disconnected" });
  }

  /** The other end has taken some of what was sent. */
  written(): void {
    if (!this.#isFull || this.#wire.unsentBytes > this.#ports.limits.unsentBytes / 4) return;
    this.#isFull = false;
    if (this.#state === "connected") this.#ports.ready(this);
  }

  /** The peer has said that it is idle: it takes one message again. */
  idle(): void {
    this.#isSpent = false;
  }

  /** Whether the other end answers in time. */
  ping(timeoutMs: number): Promise<boolean> {
    return this.#heartbeat.ping(timeoutMs);
  }

  #first(frame: Readonly<Record<string, unknown>>): void {
    if (frame["type"] !== "connect") return this.close(closeCodes.noConnect, "the first frame is not connect");
    this.#cancelFirst();
    this.#state = "registering";
    this.#early = [];
    this.#wire.reading(false);
    this.#connect(frame).catch((error: unknown) => {
      const code = frame["path"] === "/" ? closeCodes.rootPath : closeCodeOf(error);
      this.#error(error);
      this.close(code, isAnodeError(error) ? error.code : "internal");
    });
  }

  async #connect(raw: Readonly<Record<string, unknown>>): Promise<void> {
    const { type: _connect, v: _one, hook_version, auth_token, ...input } = parseWith<ConnectFrame>(clientFrames.connect, wellFormed(raw));
    const { caller = await this.#proven(auth_token) } = auth_token === undefined ? this.#opening : {};
    // A call that presents a peer's token is that peer's.
    const own = caller.peer_id === undefined ? {} : { peer_id: caller.peer_id };
    const { peer, peer_token } = (await this.#opening.call("peers.register", { ...own, ...input }, caller)) as Connected;
    if (this.#state !== "registering") return;
    const { peer_id, display_name, circle } = peer;
    this.#self = { id: caller.id, door: caller.door, scopes: ["read", "control"], peer_id };
    this.#hasReceipts = input.capabilities?.includes("delivery_receipts") ?? false;
    const { pane_id } = input;
    this.#about = { ...(pane_id !== undefined && { pane_id }), ...(hook_version !== undefined && { hook_version }) };
    this.#state = "connected";
    this.#heartbeat.start();
    const queued = this.#ports.connected(this);
    const token = peer_token === undefined ? {} : { peer_token };
    this.#send({ type: "connected", peer_id, display_name, circle, ...token, queued, heartbeat_ms: this.#ports.limits.pingMs });
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#wire.reading(true);
    for (const frame of early) this.receive(frame);
    this.#ports.ready(this);
  }

  /** @throws `auth_required`, `auth_invalid`, `too_many_failures` */
  async #proven(token: string | undefined): Promise<Caller> {
    if (token === undefined)
      throw new AnodeError("auth_required", "The first frame must bring auth_token: the connection brought no credential.");
    if (this.#opening.prove) return this.#opening.prove(token);
    throw new AnodeError("auth_invalid", "auth_token in the first frame is not taken here; send the credential with the upgrade.", {
      details: { reason: "unknown" },
    });
  }

  #next(raw: Readonly<Record<string, unknown>>): void {
    const self = this.#self as Caller & { readonly peer_id: string };
    const { type } = raw;
    if (typeof type !== "string") return this.malformed(new AnodeError("invalid_request", "type must be a string."));
    this.#ports.seen(self.peer_id);
    if (!Object.hasOwn(clientFrames, type)) {
      return this.#error(new AnodeError("not_supported", `There is no frame of the type ${JSON.stringify(type.slice(0, 64))}.`));
    }
    try {
      this.#take(parseWith<ClientFrame>(clientFrames[type as keyof typeof clientFrames] as never, wellFormed(raw)), self);
    } catch (error) {
      this.malformed(isAnodeError(error) ? error : new AnodeError("invalid_request", "The frame cannot be read.", { cause: error }));
    }
  }

  #take(frame: ClientFrame, self: Caller & { readonly peer_id: string }): void {
    switch (frame.type) {
      case "connect":
        return this.#error(new AnodeError("invalid_request", "The socket is connected already."));
      case "status": {
        const { type: _type, ...report } = frame;
        return this.#perform("session.update", { peer_id: self.peer_id, ...report }, self);
      }
      case "update": {
        const { type: _type, ...changes } = frame;
        return this.#perform("peers.update", { id: self.peer_id, ...changes }, self, "update");
      }
      case "pong":
        this.#heartbeat.pong(frame.nonce);
        if (frame.pane_alive !== undefined) this.#pongsWithoutPane = frame.pane_alive ? 0 : this.#pongsWithoutPane + 1;
        return;
      case "delivery_ack":
        return this.#acknowledged(frame.delivery_id, frame.status, frame.detail, self.peer_id);
      case "reply":
        return this.#perform(...operationOf(frame), self, frame.correlation_id);
      case "error": {
        const { delivery_id, code, detail } = frame;
        if (delivery_id !== undefined) this.#acknowledged(delivery_id, "failed", detail ?? code, self.peer_id);
        this.#ports.host.log("debug", "link.client_error", { peer_id: self.peer_id, code });
      }
    }
  }

  #acknowledged(delivery_id: string, status: ReceiptStatus, detail: string | undefined, peer_id: string): void {
    if (!this.#hasReceipts) {
      return this.#error(new AnodeError("invalid_request", "Receipts need the capability delivery_receipts in connect."));
    }
    // An idle that was reported since then ended what this message began.
    if (status === "injected" && this.#isSpent) this.#ports.working(peer_id);
    // Nothing was put before the agent: it may still be idle.
    if (status !== "injected" && detail !== "not_idle") this.#isSpent = false;
    const note = (): void => this.#ports.noted(peer_id, status === "injected" ? "injected" : "failed");
    if (this.#receipts.settle(delivery_id, handedBy(status, detail))) return note();
    // A receipt proves something of a message that was sent, and nothing of any other.
    void this.#ports.receipt(peer_id, delivery_id, status, detail).then((isOwn) => isOwn && note());
  }

  /** Does what a frame asks for, without holding up the frames behind it. */
  #perform(name: string, input: Readonly<Record<string, unknown>>, self: Caller, resultFor?: string): void {
    this.#atWork += 1;
    if (this.#atWork === mostAtOnce) this.#wire.reading(false);
    const done = (error?: unknown): void => {
      this.#atWork -= 1;
      if (this.#atWork === mostAtOnce - 1 && this.#state === "connected") this.#wire.reading(true);
      const code = error === undefined ? {} : { code: this.#known(error).code };
      if (resultFor !== undefined) this.#send({ type: "result", for: resultFor, ok: error === undefined, ...code });
      else if (error !== undefined) this.#error(error);
    };
    this.#opening.call(name, input, self).then(() => done(), done);
  }

  #isPane({ pane_id, backend }: PeerRecord): boolean {
    // A plugin of the runtime injects by the runtime's own means.
    return pane_id !== undefined && (backend !== "opencode" || this.#about.hook_version !== undefined);
  }

  #error(error: unknown): void {
    const { code, message } = this.#known(error);
    this.#send({ type: "error", code, detail: message });
  }

  #known(error: unknown): AnodeError {
    if (isAnodeError(error) && error.code !== "internal") return error;
    const error_id = this.#ports.host.randomId(9);
    this.#ports.host.log("error", "link.internal", {
      error_id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return new AnodeError("internal", `This is a defect of the server; its log has the details under the error_id ${error_id}.`);
  }

  #send(frame: DaemonFrame): boolean {
    if (this.#state === "closed") return false;
    this.#wire.send(JSON.stringify(frame));
    const { unsentBytes } = this.#ports.limits;
    this.#isFull ||= this.#wire.unsentBytes > unsentBytes / 2;
    if (this.#wire.unsentBytes <= unsentBytes) return true;
    this.close(closeCodes.tooSlow, "too much is unsent");
    return false;
  }

  #over(): void {
    this.#state = "closed";
    this.#cancelFirst();
    this.#heartbeat.stop();
    this.#ports.closed(this);
    this.#receipts.end(disconnected);
  }
}

/** A reply with any part of an answer is one; else it acknowledges. */
function operationOf({ type: _type, ...reply }: ReplyFrame): [name: string, input: Readonly<Record<string, unknown>>] {
  const answers = ["option_id", "text", "outcome", "digest"].some((name) => name in reply);
  return [answers ? "questions.answer" : "asks.ack", reply];
}
