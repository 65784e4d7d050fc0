import type { CancelTimer, Clock } from "../host.js";

/** Notices when something that is waited for does not come. */
export interface SilenceWatch {
  /** Waiting begins, or begins anew with another limit. */
  wait(limitMs: number): void;
  /** It came; time passes uncounted until the next wait. */
  rest(): void;
  stop(): void;
}

/** One timer for many short waits: setting and clearing one for every chunk would cost more than the chunk. */
export function createSilenceWatch(clock: Clock, onSilence: (limitMs: number) => void): SilenceWatch {
  let since: number | undefined;
  let limit = 0;
  let timer: { readonly atMs: number; readonly cancel: CancelTimer } | undefined;

  const arm = (delayMs: number): void => {
    timer?.cancel();
    timer = { atMs: clock.monotonic() + delayMs, cancel: clock.schedule(look, delayMs) };
  };
  const look = (): void => {
    timer = undefined;
    if (since === undefined) return;
    const leftMs = since + limit - clock.monotonic();
    if (leftMs > 0) arm(leftMs);
    else onSilence(limit);
  };
  return {
    wait(limitMs) {
      since = clock.monotonic();
      limit = limitMs;
      if (!timer || timer.atMs > since + limitMs) arm(limitMs);
    },
    rest() {
      since = undefined;
    },
    stop() {
      since = undefined;
      timer?.cancel();
      timer = undefined;
    },
  };
}
