import type { Result } from "../../lib/contract/operation.js";
import type { Reply } from "./call.js";

/** What every answer says, whoever asks and whatever it is. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
};

// Proxies and browsers must neither hold back nor reshape events.
const eventHeaders = { "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no" };
const eventTypes = new Set(["text/event-stream", "application/x-ndjson"]);

/** The reply for a result. The answer to HEAD has the headers alone; a stream made for it is released unread. */
export function toReply(result: Result, isHead: boolean): Reply {
  if (result.stream) return toStreamReply(result, result.stream, isHead);
  if (result.body === undefined) return { status: result.status, headers: { ...result.headers } };
  return {
    status: result.status,
    headers: { "Content-Type": "application/json", ...result.headers },
    body: JSON.stringify(result.body),
  };
}

function toStreamReply(result: Result, stream: NonNullable<Result["stream"]>, isHead: boolean): Reply {
  const headers = {
    "Content-Type": stream.contentType,
    ...(eventTypes.has(stream.contentType) ? eventHeaders : {}),
    ...(stream.length === undefined ? {} : { "Content-Length": String(stream.length) }),
    ...result.headers,
  };
  if (!isHead) return { status: result.status, headers, body: stream.body };
  void stream.body[Symbol.asyncIterator]().return?.();
  return { status: result.status, headers };
}
