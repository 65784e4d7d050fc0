import type { Operation } from "../../lib/contract/operation.js";
import type { AnodeError } from "../../lib/errors.js";

const repeatable = new Set(["GET", "PUT", "DELETE"]);
const firstDelayMs = 250;
const longestDelayMs = 30_000;
const longestAskedMs = 60_000;
const reconnectFirstMs = 250;
const reconnectLongestMs = 8_000;

/** True when the call may be sent again: it has no second effect, and the failure may pass. */
export function mayRepeat(operation: Operation, error: AnodeError, attempt: number): boolean {
  // Only the loss of a connection leaves open what became of it.
  if (operation.repeatBy !== undefined) return error.code === "connection_lost";
  if (!repeatable.has(operation.method) && !operation.idempotent) return false;
  if ((error.retryAfterSeconds ?? 0) * 1000 > longestAskedMs) return false;
  // Nobody listens there: the caller learns it at once.
  if (error.code === "connection_refused") return false;
  // The ask or message has had its end: a repeat would only be told what was stored before it was sent.
  if (error.code === "no_live_transport" || error.code === "injection_failed") return false;
  // Our own first try may still be worked on when its connection was lost.
  if (error.code === "idempotency_in_flight") return attempt > 1;
  return error.retryable;
}

/** Milliseconds before the next try; what the server asked for wins. */
export function retryDelayMs(attempt: number, error: AnodeError, random: () => number): number {
  if (error.retryAfterSeconds !== undefined) return error.retryAfterSeconds * 1000;
  return random() * Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs);
}

/** Milliseconds before a stream is opened again, after so many failures in a row. */
export function reconnectDelayMs(failures: number, error: AnodeError | undefined, random: () => number): number {
  const delayMs = Math.min(reconnectFirstMs * 2 ** (failures - 1), reconnectLongestMs);
  return Math.max(delayMs * (0.5 + random() / 2), (error?.retryAfterSeconds ?? 0) * 1000);
}
