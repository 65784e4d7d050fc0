import type { PayloadOf } from "../events/event-payloads.js";
import type { RunContext } from "../runs/executor.js";

/** Tells a run's events in the order in which they are handed over, without waiting for each. */
export interface Outbox {
  emit<Type extends string>(type: Type, payload: PayloadOf<Type>): void;
  preview<Type extends string>(type: Type, payload: PayloadOf<Type>): void;
  /** Pending while too much waits for its commit; `undefined` when there is room. */
  room(): Promise<void> | undefined;
  /** Resolves when all is committed. @throws what the run refused an event for */
  settled(): Promise<void>;
}

const uncommittedEvents = 64;

/** An outbox of one run. */
export function createOutbox(context: Pick<RunContext, "emit" | "preview">): Outbox {
  const pending = new Set<Promise<unknown>>();
  let failure: unknown;
  const settled = async (): Promise<void> => {
    await Promise.all(pending);
    if (failure !== undefined) throw failure;
  };
  return {
    emit(type, payload) {
      const told = context.emit(type, payload).catch((error: unknown) => {
        failure ??= error;
      });
      pending.add(told);
      void told.then(() => pending.delete(told));
    },
    preview: (type, payload) => context.preview(type, payload),
    room: () => (pending.size < uncommittedEvents ? undefined : settled().catch(() => {})),
    settled,
  };
}
