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
  /** Resolves at the next wake-up, with true when the heartbeat came first: counted from here, or from the sleep that `goesOn`. */
  sleep(goesOn: boolean): Promise<boolean>;
  /** Wakes, and leaves no timer behind. */
  close(): void;
}

/** Makes the wake-up of one reader. Armed before a read, so that news between the read and the sleep wakes it. */
export function createWakeUp(heartbeat: Heartbeat | undefined): WakeUp {
  let woken = false;
  let resolve: ((silent: boolean) => void) | undefined;
  let cancel: CancelTimer | undefined;
  let sleepsSince = 0;

  const settle = (silent: boolean): void => {
    const waiting = resolve;
    resolve = undefined;
    waiting?.(silent);
  };

  const restMs = ({ ms, clock }: Heartbeat): number => Math.max(0, ms - (clock.monotonic() - sleepsSince));

  // One timer serves many sleeps: it looks how long the present one has lasted. A timer for each would cost more than the sleep.
  const watch = (given: Heartbeat, delayMs: number): void => {
    cancel = given.clock.schedule(() => {
      cancel = undefined;
      if (!resolve) return;
      const leftMs = restMs(given);
      if (leftMs > 0) watch(given, leftMs);
      else settle(true);
    }, delayMs);
  };

  return {
    wake() {
      woken = true;
      settle(false);
    },
    arm() {
      woken = false;
    },
    sleep(goesOn) {
      if (heartbeat && !goesOn) sleepsSince = heartbeat.clock.monotonic();
      if (woken) return Promise.resolve(false);
      if (heartbeat && !cancel) watch(heartbeat, goesOn ? restMs(heartbeat) : heartbeat.ms);
      return new Promise((done) => (resolve = done));
    },
    close() {
      cancel?.();
      cancel = undefined;
      settle(false);
    },
  };
}
