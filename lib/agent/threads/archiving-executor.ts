import type { Executor } from "../../runs/executor.js";
import { systemHost } from "../../system-host.js";
import type { AgentConfig } from "../config-schema.js";
import { configuredThreads } from "./configured-threads.js";

/** Where threads lie. */
export interface ArchivingOptions {
  readonly config: AgentConfig;
  /** The home folder. */
  readonly home: string;
  /** Where runs work that name no folder. */
  readonly cwd: string;
}

/** The same executor: a run that is nobody's child archives its thread when it has ended. */
export function archivingExecutor(executor: Executor, { config, cwd, home }: ArchivingOptions): Executor {
  const threads = configuredThreads(config, home, systemHost.clock.now);
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
