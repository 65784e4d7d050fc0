import type { AnodeError } from "../../lib/errors.js";

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
const askedDelayMs = 30_000;

/** After these the client does not come back by itself: it would be turned away again, or push out its successor. */
const final = new Set([4001, 4002, 4003, 4004, 4005, 4006, 4009]);
const later = new Set([1008, 1009, 1013]);
const finalStatuses = new Set([400, 401, 403, 404, 421, 426]);

/** Milliseconds before the next try after a socket that was closed; `undefined` = there is none. */
export function delayAfterClose(code: number, failures: number, random: () => number): number | undefined {
  if (final.has(code)) return undefined;
  return later.has(code) ? askedDelayMs : backoff(failures, random);
}

/** The same after a socket that could not be opened. */
export function delayAfterRefusal(error: AnodeError, failures: number, random: () => number): number | undefined {
  if (error.status !== undefined && finalStatuses.has(error.status)) return undefined;
  if (error.code === "not_supported" || error.code === "protocol_error") return undefined;
  if (error.status === 429 || error.status === 503) return (error.retryAfterSeconds ?? askedDelayMs / 1000) * 1000;
  return backoff(failures, random);
}

function backoff(failures: number, random: () => number): number {
  return Math.min(firstDelayMs * 2 ** Math.max(0, failures - 1), longestDelayMs) * (0.5 + random() / 2);
}
