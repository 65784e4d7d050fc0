import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { Carrier, CarrierCall, CarrierReply } from "../client/carrier.js";
import { toWire } from "../client/wire.js";

/** A held answer may take 55 s; a stream says something each 15 s. */
const headMs = 75_000;
const idleMs = 60_000;

/** Calls the daemon that served this page, by `fetch`: without cookies, without a cache, and nobody else. */
export function webCarrier(base: string): Carrier {
  return {
    address: base,
    async send({ operation, input, headers, signal, file }: CarrierCall): Promise<CarrierReply> {
      const { target, body, headers: ofBody } = toWire(operation, input, file);
      const watch = new AbortController();
      const ends = AbortSignal.any([signal, watch.signal]);
      const silent = (): void => watch.abort(new AnodeError("connection_lost", "The daemon was silent for too long."));
      const sent: Record<string, string> = { ...headers, ...ofBody };
      // A browser names itself.
      delete sent["user-agent"];
      delete sent["content-length"];
      const asked = fetch(base + target, {
        method: operation.method,
        headers: sent,
        signal: ends,
        credentials: "omit",
        redirect: "manual",
        cache: "no-store",
        referrerPolicy: "no-referrer",
        ...(body !== undefined && { body: await whole(body) }),
      });
      const response = await within(asked, headMs, silent).catch((error: unknown) => {
        throw toTransportError(error, ends);
      });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: chunksOf(response, ends, silent) };
    },
    close: async () => {},
  };
}

async function* chunksOf({ body }: Response, ends: AbortSignal, silent: () => void): AsyncGenerator<Uint8Array, void> {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idleMs, silent);
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw toTransportError(error, ends);
  } finally {
    void reader.cancel().catch(() => {});
  }
}

async function within<Value>(work: Promise<Value>, limitMs: number, onLimit: () => void): Promise<Value> {
  const timer = setTimeout(onLimit, limitMs);
  return work.finally(() => clearTimeout(timer));
}

/** A browser sends files from where they lie; over HTTP/1.1 it sends no streams: what comes in pieces is gathered. */
async function whole(body: string | Blob | Uint8Array | AsyncIterable<Uint8Array>): Promise<BodyInit> {
  if (typeof body === "string" || body instanceof Blob) return body;
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of body) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Blob(parts);
}

function toTransportError(error: unknown, ends: AbortSignal): AnodeError {
  if (isAnodeError(ends.reason)) return ends.reason;
  return new AnodeError("connection_lost", "The daemon cannot be reached.", { cause: error });
}
