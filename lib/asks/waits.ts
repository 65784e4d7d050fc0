import type { CancelTimer, Clock } from "../host.js";

/** Who waits for which ask, and for how long after the last wait a reply is still kept for the next one. */
export class Waits {
  readonly #clock: Clock;
  readonly #holdMs: number;
  readonly #released: (correlation_id: string) => void;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #holds = new Map<string, CancelTimer>();

  /** @param released - nobody came for the reply any more: it is to be pushed */
  constructor(clock: Clock, holdMs: number, released: (correlation_id: string) => void) {
    this.#clock = clock;
    this.#holdMs = holdMs;
    this.#released = released;
  }

  /** True while somebody waits, or may come back to wait. */
  has(correlation_id: string): boolean {
    return this.#waiting.has(correlation_id) || this.#holds.has(correlation_id);
  }

  /** Resolves when the ask is closed, the time is over, or the caller has gone. */
  async wait(correlation_id: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.release(correlation_id);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(correlation_id) ?? new Set();
    this.#waiting.set(correlation_id, waiting.add(resolve));
    const cancel = this.#clock.schedule(resolve, timeoutMs);
    const gone = (): void => resolve();
    signal.addEventListener("abort", gone, { once: true });
    if (signal.aborted) resolve();
    await promise;
    cancel();
    signal.removeEventListener("abort", gone);
    waiting.delete(resolve);
    if (waiting.size > 0) return;
    this.#waiting.delete(correlation_id);
    this.#hold(correlation_id);
  }

  /** Tells those who wait. */
  wake(correlation_id: string): void {
    for (const resolve of this.#waiting.get(correlation_id) ?? []) resolve();
  }

  /** The reply was fetched, or a new wait has begun: nothing is to be pushed. */
  release(correlation_id: string): void {
    this.#holds.get(correlation_id)?.();
    this.#holds.delete(correlation_id);
  }

  close(): void {
    for (const cancel of this.#holds.values()) cancel();
  }

  #hold(correlation_id: string): void {
    const over = (): void => {
      this.#holds.delete(correlation_id);
      this.#released(correlation_id);
    };
    this.#holds.set(correlation_id, this.#clock.schedule(over, this.#holdMs));
  }
}
