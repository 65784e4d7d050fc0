import { createEvent } from "../../../lib/events/encode.js";
import { isAnodeError } from "../../../lib/errors.js";
import type { Executor, Outcome, RunContext } from "../../../lib/runs/executor.js";
import type { Store } from "../../../lib/store/store.js";

/** Executors that are wrong in one point, each around a right one. */
export const wrongExecutors: Readonly<Record<string, (right: Executor) => Executor>> = {
  "says it completed whatever happens": (right) => ({
    ...right,
    execute: (context) => right.execute(context).catch((): Outcome => ({ status: "completed", stop_reason: "end_turn" })),
  }),
  "does not hear the abort": (right) => ({
    ...right,
    execute: (context) => right.execute(changed(context, { signal: new AbortController().signal })),
  }),
  "gives every run the first one's result": (right) => {
    let first: Outcome | undefined;
    return {
      ...right,
      async execute(context) {
        const outcome = await right.execute(context);
        return outcome.result === undefined || outcome.result === "" ? outcome : (first ??= outcome);
      },
    };
  },
  "goes on telling after its outcome": (right) => ({
    ...right,
    async execute(context) {
      const outcome = await right.execute(context);
      setTimeout(() => void context.emit("assistant.message", { message_id: "late", text: "late" }).catch(() => {}), 10);
      return outcome;
    },
  }),
  "does not wait for its answer": (right) => ({
    ...right,
    execute: (context) => right.execute(changed(context, { ask: async () => ({ outcome: "answered", text: "made up" }) })),
  }),
};

/** An executor with a way around the manager: what comes after the end is appended all the same. */
export function takesLateEvents(right: Executor, store: Store): Executor {
  const emitAnyway = async (context: RunContext, type: string, payload: object): Promise<number> => {
    try {
      return await context.emit(type, payload);
    } catch (error) {
      if (!isAnodeError(error) || error.code !== "run_finished") throw error;
    }
    const stream = `run:${context.run.id}`;
    const { lastSeq } = await store.read(stream, 0, 1);
    const late = createEvent({
      run_id: context.run.id,
      seq: lastSeq + 1,
      type,
      status: "running",
      time: context.run.started_at,
      payload: payload as Record<string, unknown>,
    });
    await store.commit({ appends: [{ stream, expectedSeq: lastSeq, events: [late] }] });
    return late.seq;
  };
  return {
    ...right,
    execute: (context) => right.execute(changed(context, { emit: (type, payload) => emitAnyway(context, type, payload) })),
  };
}

/** The context with other members. */
function changed(context: RunContext, part: Partial<RunContext>): RunContext {
  const { run, request, signal, emit, preview, ask, input, start, idle } = context;
  return { run, request, signal, emit, preview, ask, input, start, idle, ...part };
}
