import type { CancelTimer, Clock } from "../host.js";

/** When a reader that is told nothing hears that its stream goes on. */
export interface Heartbeat {
  readonly ms: number;
  readonly clock: Clock;
}

/** What a reader sleeps on: it wakes with news, or with its heartbeat. */
export interface WakeUp {
  readonly wake: () => void;
  arm(): void;
  /** Sleeps until the next wake-up; false when there was one since it was armed. The heartbeat is counted from here, or from the sleep that `goesOn`. */
  sleep(goesOn: boolean): boolean;
  /** Leaves no timer behind; nobody sleeps any more. */
  close(): void;
}

/**
 * Makes the wake-up of one reader, who is `awake` after each sleep, in the very call that wakes it; with true when the heartbeat came first.
 * Armed before a read, so that news between the read and the sleep wakes it.
 */
export function createWakeUp(awake: (isDue: boolean) => void, heartbeat: Heartbeat | undefined): WakeUp {
  let woken = false;
  let isAsleep = false;
  let cancel: CancelTimer | undefined;
  let sleepsSince = 0;

  const rouse = (isDue: boolean): void => {
    if (!isAsleep) return;
    isAsleep = false;
    awake(isDue);
  };

  const restMs = ({ ms, clock }: Heartbeat): number => Math.max(0, ms - (clock.monotonic() - sleepsSince));

  // One timer serves many sleeps: it looks how long the present one has lasted. A timer for each would cost more than the sleep.
  const watch = (given: Heartbeat, delayMs: number): void => {
    cancel = given.clock.schedule(() => {
      cancel = undefined;
      if (!isAsleep) return;
      const leftMs = restMs(given);
      if (leftMs > 0) watch(given, leftMs);
      else rouse(true);
    }, delayMs);
  };

  return {
    wake() {
      woken = true;
      rouse(false);
    },
    arm() {
      woken = false;
    },
    sleep(goesOn) {
      if (heartbeat && !goesOn) sleepsSince = heartbeat.clock.monotonic();
      if (woken) return false;
      if (heartbeat && !cancel) watch(heartbeat, goesOn ? restMs(heartbeat) : heartbeat.ms);
      isAsleep = true;
      return true;
    },
    close() {
      cancel?.();
      cancel = undefined;
      isAsleep = false;
    },
  };
}
