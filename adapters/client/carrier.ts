import type { Operation } from "../../lib/contract/operation.js";

/** A file on its way. */
export interface CallFile {
  /** Bytes and blobs can be sent again; others are read once, as they are asked for. */
  readonly bytes: Uint8Array | Blob | AsyncIterable<Uint8Array>;
  readonly contentType: string;
}

/** One operation on its way to whoever serves it. */
export interface CarrierCall {
  readonly operation: Operation;
  /** Path parameters, query and body in one object; plain JSON values. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The file that an operation of the kinds `bytes` and `multipart` takes. */
  readonly file?: CallFile;
  /** Names in lower case; may hold the credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the call, and the reply's body with it. Its reason is an `AnodeError`. */
  readonly signal: AbortSignal;
}

/** What came back, refusals included. */
export interface CarrierReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Read at most once. Leaving the iteration early frees what is behind it. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A WebSocket that is open. */
export interface PeerSocket {
  send(text: string): void;
  /** Says goodbye. */
  close(): void;
  /** Cuts it: nobody is there to be said goodbye to. */
  cut(): void;
}

/** What comes over a WebSocket. */
export interface SocketEvents {
  message(text: string): void;
  /** Once, when it is over; 1006 = without a word. */
  closed(code: number, reason: string): void;
}

/**
 * How the calls of a client travel. Equal calls get equal answers over all carriers: a refusal is either a reply with a
 * problem document or a rejection with the same `AnodeError`.
 */
export interface Carrier {
  /** Where the calls go, for people; never a credential. */
  readonly address: string;
  /** @throws `connection_refused`, `connection_lost`, `protocol_error` */
  send(call: CarrierCall): Promise<CarrierReply>;
  /** Opens the WebSocket of a peer, where there can be one. @throws what it was refused with, and as {@link Carrier.send} */
  openSocket?(headers: Readonly<Record<string, string>>, events: SocketEvents): Promise<PeerSocket>;
  /** Nobody is at `from`: looks for where the daemon is now. True when that is elsewhere; calls go there from then on. */
  follow?(from: string): Promise<boolean>;
  /** Frees its connections; idempotent. */
  close(): Promise<void>;
}

/** A body that is already there. */
export async function* bytesOf(body: string | Uint8Array | undefined): AsyncGenerator<Uint8Array, void> {
  if (body === undefined || body.length === 0) return;
  yield typeof body === "string" ? new TextEncoder().encode(body) : body;
}

/** The bytes of a file, one piece after the other. */
export function chunksOf(bytes: CallFile["bytes"]): AsyncIterable<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytesOf(bytes);
  return bytes instanceof Blob ? (bytes.stream() as unknown as AsyncIterable<Uint8Array>) : bytes;
}

/** How many they are, where that is known. */
export function sizeOf(bytes: CallFile["bytes"]): number | undefined {
  return bytes instanceof Uint8Array ? bytes.length : bytes instanceof Blob ? bytes.size : undefined;
}

/** Headers with their names in lower case. */
export function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
