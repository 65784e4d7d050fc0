/**
 * What needs Node: commands as contained processes, the SQLite store, folders on disk.
 * @packageDocumentation
 */
export { openFolderBlobs } from "./blobs/folder-blobs.js";
export { createFolders } from "./folders.js";
export { type HeldFile, holdFile, type HoldOptions } from "./lock-file.js";
export type { Child, Exit } from "./process/child.js";
export type { ContainedChild, ContainedCommand, ContainedSetup, Downfall } from "./process/contained-child.js";
export {
  type CommandEars,
  type CommandEnd,
  type Commands,
  type CommandsOptions,
  type RunCommand,
  createCommands,
  type OpenCommand,
} from "./process/commands.js";
export {
  type Containment,
  type ContainmentOptions,
  type ContainmentReport,
  createContainment,
  type LevelReport,
} from "./process/containment.js";
export { emitUntilAbort } from "./process/emit-until-abort.js";
export { isDead, type ProcessIdentity, type ProcessInfo, type ProcessReader } from "./process/identity.js";
export { sweepLeftovers, type SweepOptions, type SweepReport } from "./process/leftovers.js";
export { type Enclosure, type Hidden, type Level, type LevelName, levelNames, type Tree } from "./process/levels/level.js";
export { createProcessExecutor, type ProcessExecutorOptions } from "./process/process-executor.js";
export { type ChildVariables, createProcesses, type Processes, type ProcessesOptions } from "./process/processes.js";
export { cookieName, systemReader } from "./process/process-reader.js";
export { signalVerified } from "./process/signal-verified.js";
export { applicationId, migrations } from "./sqlite/sqlite-schema.js";
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./sqlite/sqlite-store.js";
export { isSafeSqlite } from "./sqlite/sqlite-version.js";
export { isAlive } from "./process/is-alive.js";
export { createHookFiles } from "./tmux/hook-files.js";
export { createStartHook, type StartHookOptions } from "./tmux/start-hook.js";
export { createPaneHookStart, type PaneHookOptions } from "./tmux/pane-hook.js";
export { ancestorsOf } from "./process/ancestors.js";
export { findPanes } from "./tmux/find-panes.js";
export type { TmuxOptions } from "./tmux/run-tmux.js";
export { createTmuxPanes } from "./tmux/tmux-panes.js";
export { acquireLock, type Lock } from "./sqlite/store-lock.js";
