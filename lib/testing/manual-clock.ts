import { AnodeError } from "../errors.js";
import type { CancelTimer, Clock } from "../host.js";

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /**
   * Lets `ms` milliseconds pass: runs the timers that fall due in their order, at their time, and lets promises settle
   * before the first and after each of them.
   * @throws `invalid_request` for a time that is negative or not finite: the clock never goes back
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward or back, as an operator would; timers and durations do not notice. */
  jump(ms: number): void;
  /** Timers that wait for their time. */
  readonly pending: number;
}

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

const longestDelayMs = 2 ** 31 - 1;
const defaultStartMs = 1_760_000_000_000;
// Taken when the file is loaded: a test framework may replace the global ones later. A timer of no delay takes a millisecond.
const nextTurn: (task: () => void) => unknown = globalThis.setImmediate ?? setTimeout;

/**
 * A {@link ManualClock}.
 * @param startMs - Unix milliseconds at which it stands. @defaultValue 1760000000000
 */
export function createManualClock(startMs = defaultStartMs): ManualClock {
  // In the order of their calls, so that of two timers due together the first one called is the first one run.
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let jumpedMs = 0;

  function nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.atMs <= untilMs && (!next || timer.atMs < next.atMs)) next = timer;
    return next;
  }

  return {
    now: () => startMs + jumpedMs + elapsedMs,
    monotonic: () => elapsedMs,
    schedule(task, delayMs): CancelTimer {
      if (!(delayMs <= longestDelayMs)) {
        throw new AnodeError("invalid_request", `A timer's delay must be at most ${longestDelayMs} ms, got ${delayMs}.`);
      }
      const timer = { atMs: elapsedMs + Math.max(0, delayMs), task };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      if (!Number.isFinite(ms) || ms < 0) throw new AnodeError("invalid_request", `A clock advances by 0 ms or more, got ${ms}.`);
      const untilMs = elapsedMs + ms;
      await settled();
      for (let timer = nextDue(untilMs); timer; timer = nextDue(untilMs)) {
        timers.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.atMs);
        timer.task();
        await settled();
      }
      elapsedMs = Math.max(elapsedMs, untilMs);
    },
    jump(ms) {
      jumpedMs += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** One turn of the event loop: every promise that needs no timer and no I/O has settled after it. */
function settled(): Promise<void> {
  return new Promise((resolve) => void nextTurn(resolve));
}
