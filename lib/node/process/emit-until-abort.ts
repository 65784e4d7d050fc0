import type { RunContext } from "../../runs/executor.js";

/**
 * The context, whose `emit` waits for the store only until the run is made to end. From then on a process is ended and
 * its end told without waiting: on a full disk there may be no commit for hours, and the order of events is kept anyway.
 */
export function emitUntilAbort(context: RunContext): RunContext {
  const { signal } = context;
  const waiting = new Set<() => void>();
  signal.addEventListener("abort", () => waiting.forEach((go) => go()), { once: true });

  const emit: RunContext["emit"] = (type, payload) => {
    const emitted = context.emit(type, payload);
    if (signal.aborted) {
      // A run that was given up takes no more events.
      emitted.catch(() => {});
      return Promise.resolve(0);
    }
    return new Promise((resolve, reject) => {
      const go = (): void => resolve(0);
      waiting.add(go);
      emitted.then(resolve, reject).finally(() => waiting.delete(go));
    });
  };
  return { ...context, signal, emit };
}
