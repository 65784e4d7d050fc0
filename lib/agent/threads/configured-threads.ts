import { join } from "node:path";
import type { AgentConfig } from "../config-schema.js";
import { createThreadStore, type ThreadStore } from "./thread-store.js";

/** The threads of a home folder, as its configuration has them; `now` is in Unix milliseconds. */
export function configuredThreads({ session = {} }: AgentConfig, home: string, now: () => number): ThreadStore {
  const { autoSave, maxSessions, storePath = join(home, "sessions") } = session;
  return createThreadStore({
    storePath,
    now,
    ...(autoSave !== undefined && { autoSave }),
    ...(maxSessions !== undefined && { maxSessions }),
  });
}
