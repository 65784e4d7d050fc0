import type { CancelTimer, Clock } from "../host.js";
import { nextWallMark } from "./budget.js";

const longestTimerMs = 2 ** 31 - 1;

/** Time a run spends running: waiting for an answer and being idle do not count. */
export class RunningTime {
  readonly #clock: Clock;
  readonly #limitMs: number | undefined;
  readonly #onMark: () => void;
  #usedMs = 0;
  /** What had been used when `onMark` was called last. */
  #seenMs = 0;
  #since: number | undefined;
  #cancel: CancelTimer | undefined;

  /** `onMark` is called when 80 % and 100 % of `limitMs` are reached. */
  constructor(clock: Clock, limitMs: number | undefined, onMark: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onMark = onMark;
  }

  get usedMs(): number {
    return this.#usedMs + (this.#since === undefined ? 0 : this.#clock.monotonic() - this.#since);
  }

  resume(): void {
    if (this.#since !== undefined) return;
    this.#since = this.#clock.monotonic();
    this.#arm();
  }

  pause(): void {
    if (this.#since === undefined) return;
    this.#usedMs = this.usedMs;
    this.#since = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /**
   * For the next mark that nobody was told of. Timers come a little early, and a pause may come first: a mark that was just passed is
   * still to be told, or a run that says nothing more would go on for ever.
   */
  #arm(): void {
    const mark = this.#limitMs === undefined ? undefined : nextWallMark(this.#limitMs, this.#seenMs);
    if (mark === undefined) return;
    const delayMs = Math.max(0, Math.ceil(mark - this.usedMs));
    this.#cancel = this.#clock.schedule(
      () => {
        this.#seenMs = this.usedMs;
        this.#onMark();
        if (this.#since !== undefined) this.#arm();
      },
      Math.min(delayMs, longestTimerMs),
    );
  }
}
