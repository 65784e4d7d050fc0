import type { Call, Reply } from "./call.js";
import type { HeaderMap } from "./headers.js";

/** What a page of a listed origin may read of an answer: that one origin, no credentials of the browser. */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": "Location, Retry-After, Idempotency-Replayed",
    Vary: "Origin",
  };
}

/** True when a browser asks what a page may send; it asks without credentials. */
export function isPreflight(call: Call, headers: HeaderMap): boolean {
  return call.method === "OPTIONS" && headers.has("access-control-request-method");
}

/** The answer to a preflight from a listed origin. */
export const preflightReply: Reply = {
  status: 204,
  headers: {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, Idempotency-Key, Last-Event-ID, If-Match, Anode-Run",
    "Access-Control-Max-Age": "600",
  },
};
