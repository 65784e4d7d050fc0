import type { Clock } from "../host.js";
import { isRetryable, retryAfterMs } from "./failures.js";

const longestAskedMs = 60_000;
const firstMs = 2_000;
const longestMs = 30_000;

/**
 * How long to wait before retry number `attempt` (from 1): what the provider asks for, up to a minute, else two
 * seconds, doubling, to half a minute, a quarter more or less.
 * @param random - from 0 to 1
 */
export function retryDelayMs(error: unknown, attempt: number, nowMs: number, random: number): number {
  const askedMs = retryAfterMs(error, nowMs);
  if (askedMs !== undefined) return Math.min(askedMs, longestAskedMs);
  const doubledMs = firstMs * 2 ** (attempt - 1);
  return Math.round(Math.min(longestMs, doubledMs * (0.75 + random / 2)));
}

/** A retry that is about to be waited for. */
export interface Retry {
  readonly attempt: number;
  readonly max_attempts: number;
  readonly delay_ms: number;
  readonly error: unknown;
}

/** How calls are repeated. */
export interface RetryRules {
  readonly maxRetries: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called before each wait. */
  readonly onRetry: (retry: Retry) => Promise<void>;
}

/** Calls until it succeeds, fails for good, has been repeated often enough, or is aborted. */
export async function withRetries<Value>(call: () => Promise<Value>, rules: RetryRules, signal: AbortSignal | undefined): Promise<Value> {
  const { maxRetries, clock, random, onRetry } = rules;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt > maxRetries || !isRetryable(error)) throw error;
      const delay_ms = retryDelayMs(error, attempt, clock.now(), random());
      await onRetry({ attempt, max_attempts: maxRetries, delay_ms, error });
      await wait(clock, delay_ms, signal);
    }
  }
}

/** @throws the reason of the abort */
async function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => reject(signal?.reason as Error);
  const cancel = clock.schedule(resolve, ms);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal?.removeEventListener("abort", leave);
  }
}
