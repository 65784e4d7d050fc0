import { bytesOf, type Carrier, chunksOf, lowerCased } from "./carrier.js";
import { toWire } from "./wire.js";

/** A request as the HTTP face takes it, without a connection behind it. */
export interface MemoryCall {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly door: { readonly kind: "memory"; readonly hosts: readonly string[]; readonly origins: readonly string[] };
  readonly signal: AbortSignal;
  body(): AsyncIterable<Uint8Array>;
}

/** What the HTTP face answers. */
export interface MemoryReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

const door: MemoryCall["door"] = { kind: "memory", hosts: [], origins: [] };

/** Calls the whole HTTP face, its gate included, without a socket: `handle` is what `createHandler` makes. */
export function memoryCarrier(handle: (call: MemoryCall) => Promise<MemoryReply>): Carrier {
  return {
    address: "memory",
    async send({ operation, input, headers, signal, file }) {
      const { target, body, headers: ofBody } = toWire(operation, input, file);
      const rawHeaders = Object.entries({
        host: "localhost",
        ...headers,
        ...ofBody,
      }).flat();
      const reply = await handle({
        method: operation.method,
        target,
        httpVersion: "1.1",
        rawHeaders,
        door,
        signal,
        body: () => (typeof body === "object" ? chunksOf(body) : bytesOf(body)),
      });
      const isWhole = typeof reply.body !== "object" || reply.body instanceof Uint8Array;
      return {
        status: reply.status,
        headers: lowerCased(reply.headers),
        body: isWhole ? bytesOf(reply.body as string | Uint8Array | undefined) : (reply.body as AsyncIterable<Uint8Array>),
      };
    },
    close: async () => {},
  };
}
