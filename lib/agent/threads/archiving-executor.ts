import type { Executor } from "../../runs/executor.js";
import type { ThreadStore } from "./thread-store.js";

/** The same executor: a run that is nobody's child archives its thread when it has ended. */
export function archivingExecutor(executor: Executor, threads: ThreadStore, cwd: string): Executor {
  return {
    ...executor,
    async execute(context) {
      const outcome = await executor.execute(context);
      const { session_id } = outcome;
      if (session_id === undefined || context.request.parent_id !== undefined) return outcome;
      threads.archive(context.request.cwd ?? cwd, session_id);
      await context.emit("session.saved", { session_id, archived: true });
      return outcome;
    },
  };
}
