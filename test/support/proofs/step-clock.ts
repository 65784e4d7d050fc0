import type { Clock } from "../../../lib/host.js";

/** A clock whose timers run in the very call that lets time pass, so that a timer can be put between two statements. */
export interface StepClock extends Clock {
  pass(ms: number): void;
  /** Sets the wall clock forward or back, as an operator would; timers and durations do not notice. */
  jump(ms: number): void;
}

/** A {@link StepClock}. */
export function createStepClock(): StepClock {
  const timers = new Set<{ readonly atMs: number; readonly task: () => void }>();
  let nowMs = 0;
  let wallMs = 1_760_000_000_000;
  return {
    now: () => wallMs + nowMs,
    monotonic: () => nowMs,
    schedule(task, delayMs) {
      const timer = { atMs: nowMs + Math.max(0, delayMs), task };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    jump(ms) {
      wallMs += ms;
    },
    pass(ms) {
      nowMs += ms;
      const due = [...timers].filter(({ atMs }) => atMs <= nowMs).toSorted((a, b) => a.atMs - b.atMs);
      // One that an earlier one canceled does not run.
      for (const timer of due) if (timers.delete(timer)) timer.task();
    },
  };
}
