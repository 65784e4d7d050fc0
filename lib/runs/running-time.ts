import type { CancelTimer, Clock } from "../host.js";
import { nextWallMark } from "./budget.js";

const longestTimerMs = 2 ** 31 - 1;

/** Time a run spends running: waiting for an answer and being idle do not count. */
export class RunningTime {
  readonly #clock: Clock;
  readonly #limitMs: number | undefined;
  readonly #onMark: () => void;
  #usedMs = 0;
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

  #arm(): void {
    const delayMs = this.#limitMs === undefined ? undefined : nextWallMark(this.#limitMs, this.usedMs);
    if (delayMs === undefined) return;
    this.#cancel = this.#clock.schedule(
      () => {
        this.#onMark();
        if (this.#since !== undefined) this.#arm();
      },
      Math.min(delayMs, longestTimerMs),
    );
  }
}
