import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { Host } from "../../lib/host.js";
import { problemOf } from "../../lib/problem.js";
import type { Redact } from "../../lib/index.js";
import type { Reply } from "./call.js";

const closing = new Set<string>([
  "malformed_request",
  "headers_too_large",
  "request_timeout",
  "expectation_failed",
  "body_too_large",
  "http_version",
  "upgrade_required",
]);

/**
 * The answer to a refused or failed call: an RFC 9457 document and the headers that belong to its code.
 * An error that is not ours becomes `internal` with an `error_id`; its text goes to the log only. What it repeats of the call is
 * without its secrets.
 */
export function toProblemReply(
  error: unknown,
  requestId: string,
  host: Pick<Host, "log" | "randomId">,
  redact: Redact = (document) => document,
): Reply {
  const known = toKnownError(error, requestId, host);
  const { allow, accept, ...document } = problemOf(known);
  return {
    status: known.status as number,
    headers: { "Content-Type": "application/problem+json", ...headersOf(known, allow, accept) },
    body: JSON.stringify({ ...redact(document), request_id: requestId }),
    ...(closing.has(known.code) ? { close: true } : {}),
  };
}

function toKnownError(error: unknown, requestId: string, host: Pick<Host, "log" | "randomId">): AnodeError {
  if (isAnodeError(error) && error.status !== undefined && error.code !== "internal") return error;
  const errorId = host.randomId(9);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  host.log("error", "http.internal", { error_id: errorId, request_id: requestId, error: text });
  return new AnodeError("internal", "This is a defect of the server; its log has the details under the error_id.", {
    details: { error_id: errorId },
  });
}

function headersOf(error: AnodeError, allow: unknown, accept: unknown = "application/json"): Record<string, string> {
  const headers: Record<string, string> = {};
  const wait = error.retryAfterSeconds ?? (error.retryable && (error.status === 429 || error.status === 503) ? 1 : undefined);
  if (wait !== undefined) headers["Retry-After"] = String(Math.ceil(wait));
  if (error.status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (Array.isArray(allow)) headers["Allow"] = allow.join(", ");
  if (error.code === "unsupported_media_type") headers["Accept"] = String(accept);
  if (error.code === "upgrade_required") headers["Sec-WebSocket-Version"] = "13";
  return headers;
}
