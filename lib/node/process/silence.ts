import type { CancelTimer, Clock } from "../../host.js";

/** Watches for a time in which nothing happens. */
export interface Silence {
  /** Something happened: the time begins anew. */
  broken(): void;
  /** Stops watching until something happens. */
  hold(): void;
}

/** Calls `fallen` after `afterMs` without a sign of life, once for each silence. */
export function createSilence(clock: Clock, afterMs: number, fallen: () => void): Silence {
  let cancel: CancelTimer = () => {};
  return {
    broken() {
      cancel();
      cancel = clock.schedule(fallen, afterMs);
    },
    hold: () => cancel(),
  };
}
