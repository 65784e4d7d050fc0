import type { Operation } from "../../lib/contract/operation.js";
import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { Host } from "../../lib/host.js";
import { version } from "../../lib/version.js";
import { type CallFile, type Carrier, type CarrierReply, sizeOf } from "./carrier.js";
import type { Credential } from "./credential.js";
import { type ClientHooks, notify } from "./hooks.js";
import { readDocument, toError } from "./replies.js";
import { mayRepeat, retryDelayMs } from "./retries.js";
import { pause } from "./time.js";

/** One call as the client's methods make it. */
export interface Sending {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
  readonly file?: CallFile;
  readonly accept: "application/json" | "text/event-stream" | "*/*";
  readonly signal: AbortSignal;
  readonly idempotencyKey?: string | undefined;
  readonly retries?: number | undefined;
}

/** What a sender is made of. */
export interface SenderParts {
  readonly carrier: Carrier;
  readonly credential: Credential;
  readonly host: Pick<Host, "clock" | "randomId">;
  /** 0 to below 1. */
  readonly random: () => number;
  readonly retries: number;
  readonly bodyBytes: number;
  readonly hooks: ClientHooks;
}

/** Sends calls: with the credential, and again where that is safe. */
export interface Sender {
  /** The document of the answer. */
  document(sending: Sending): Promise<unknown>;
  /** A successful answer whose body the caller reads; nothing of it is repeated. */
  stream(sending: Sending): Promise<CarrierReply>;
  /** The same for an answer that is a file. */
  bytes(sending: Sending): Promise<CarrierReply>;
}

/** Makes a {@link Sender}. */
export function createSender(parts: SenderParts): Sender {
  const { carrier, host, hooks, bodyBytes } = parts;

  async function send<Value>(sending: Sending, read: (reply: CarrierReply) => Promise<Value>): Promise<Value> {
    const { operation, signal, retries = parts.retries } = sending;
    const key = sending.idempotencyKey ?? (operation.idempotent ? host.randomId(16) : undefined);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await exchange({ ...sending, idempotencyKey: key }, attempt, read);
      } catch (thrown) {
        signal.throwIfAborted();
        const error = normalized(thrown);
        if (attempt > retries || !mayRepeat(operation, error, attempt)) throw error;
        const delayMs = retryDelayMs(attempt, error, parts.random);
        notify(hooks.onRetry, { operation: operation.name, attempt, delayMs, error });
        await pause(host.clock, delayMs, signal);
      }
    }
  }

  /** One try; two when the credential was refused and there is another by now. */
  async function exchange<Value>(sending: Sending, attempt: number, read: (reply: CarrierReply) => Promise<Value>): Promise<Value> {
    const token = await parts.credential.current();
    try {
      return await read(await reach(sending, attempt, token));
    } catch (error) {
      if (!isAnodeError(error) || error.status !== 401 || !canBeSentAgain(sending.file)) throw error;
      const other = await parts.credential.replacement(token);
      if (other === undefined) throw error;
      return read(await post(sending, attempt, other));
    }
  }

  /** Sends it to where the daemon is: what nobody took may be sent again when that is elsewhere by now. */
  async function reach(sending: Sending, attempt: number, token: string | undefined): Promise<CarrierReply> {
    const { address } = carrier;
    try {
      return await post(sending, attempt, token);
    } catch (error) {
      const isRefused = isAnodeError(error) && error.code === "connection_refused" && canBeSentAgain(sending.file);
      if (isRefused && (await carrier.follow?.(address))) return post(sending, attempt, token);
      throw error;
    }
  }

  async function post(sending: Sending, attempt: number, token: string | undefined): Promise<CarrierReply> {
    const { operation, input, signal, file } = sending;
    const headers = headersOf(sending);
    notify(hooks.onRequest, {
      operation: operation.name,
      attempt,
      headers: { ...headers, ...(token !== undefined && { authorization: "[redacted]" }) },
    });
    const startedAt = hooks.onResponse ? host.clock.monotonic() : 0;
    const credential = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const call = { operation, input, signal, headers: { ...headers, ...credential }, ...(file && { file }) };
    const reply = await carrier.send(call);
    if (!hooks.onResponse) return reply;
    notify(hooks.onResponse, { operation: operation.name, attempt, status: reply.status, durationMs: host.clock.monotonic() - startedAt });
    return reply;
  }

  return {
    document: (sending) => send(sending, (reply) => readDocument(reply, bodyBytes)),
    stream: (sending) =>
      send(sending, async (reply) => {
        const isStream = reply.status === 200 && reply.headers["content-type"]?.startsWith("text/event-stream");
        if (isStream || reply.status === 204) return reply;
        throw await toError(reply, bodyBytes);
      }),
    bytes: (sending) =>
      send(sending, async (reply) => {
        if (reply.status === 200) return reply;
        throw await toError(reply, bodyBytes);
      }),
  };
}

/** A source that is read once has been read. */
function canBeSentAgain(file: CallFile | undefined): boolean {
  return file === undefined || sizeOf(file.bytes) !== undefined;
}

function headersOf({ accept, idempotencyKey }: Sending): Record<string, string> {
  return { accept, "user-agent": `anode-daemon/${version}`, ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }) };
}

function normalized(thrown: unknown): AnodeError {
  if (isAnodeError(thrown)) return thrown;
  return new AnodeError("protocol_error", "The call failed in a way that no carrier should.", { cause: thrown });
}
