import { isAnodeError } from "../../lib/errors.js";
import type { Clock } from "../../lib/host.js";
import { defaultLimits } from "../../lib/limits.js";
import { reconnectDelayMs } from "./retries.js";
import { isTerminal } from "./run-status.js";

type Document = { readonly status?: string };

/** What is waited for: how long one request is held at most, and which answer is the last. */
export interface Waiting {
  readonly sliceMs: number;
  isOver(answer: Document): boolean;
  /** How long the server may be away meanwhile: what is waited for outlives it. @defaultValue not at all */
  readonly awayMs?: number;
}

/** The end of a run. */
export const runEnd: Waiting = { sliceMs: defaultLimits.waitMs, isOver: ({ status }) => isTerminal(status) };

/** The reply to an ask. */
export const askReply: Waiting = { sliceMs: 50_000, isOver: ({ status }) => status === "resolved", awayMs: 60_000 };

const away: ReadonlySet<string> = new Set(["connection_lost", "connection_refused", "shutting_down"]);

/** What waiting needs. */
export interface WaitingParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the wait at the latest when the call ends. */
  pause(delayMs: number): Promise<void>;
}

/**
 * Waits for as long as `timeout_ms` says, `Infinity` included, although one request is held for less. Without `timeout_ms` it
 * is one request, as long as the server holds it.
 */
export async function waitInSlices(
  { sliceMs, isOver, awayMs = 0 }: Waiting,
  wait: (input: Readonly<Record<string, unknown>>) => Promise<unknown>,
  { clock, random, pause }: WaitingParts,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const limitMs = input["timeout_ms"];
  // What is no time the server says itself.
  if (typeof limitMs !== "number" || !(limitMs > 0 && (Number.isInteger(limitMs) || limitMs === Number.POSITIVE_INFINITY)))
    return wait(input);
  const endMs = clock.monotonic() + limitMs;
  let failures = 0;
  let lostMs = 0;
  for (;;) {
    const leftMs = Math.max(1, Math.ceil(endMs - clock.monotonic()));
    try {
      const answer = await wait({ ...input, timeout_ms: Math.min(leftMs, sliceMs) });
      if (isOver(answer as Document) || clock.monotonic() >= endMs) return answer;
      failures = 0;
    } catch (error) {
      if (!isAnodeError(error) || !away.has(error.code)) throw error;
      failures += 1;
      if (failures === 1) lostMs = clock.monotonic();
      const delayMs = reconnectDelayMs(failures, error, random);
      const backMs = clock.monotonic() + delayMs;
      if (backMs - lostMs > awayMs || backMs >= endMs) throw error;
      await pause(delayMs);
    }
  }
}
