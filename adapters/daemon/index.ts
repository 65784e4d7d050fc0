/**
 * The daemon: everything put together in one process, and the ways to start, find and stop it.
 * @packageDocumentation
 */

export { type Candidate, type ConfigSurroundings, type LoadedConfig, loadConfig } from "./config.js";
export type { Config, DaemonConfig } from "./config-schema.js";
export { detachDaemon, type DetachOptions } from "./detach-daemon.js";
export { type Environment, type Home, homeOf, openHome } from "./home.js";
export type { LogLevel } from "./log.js";
export { type Complaint, complaintAbout } from "./private-path.js";
export { runDaemon, type RunDaemonOptions } from "./run-daemon.js";
export { type DaemonOptions, type RunningDaemon, startDaemon } from "./start-daemon.js";
export { exitOf, type StartExit, StartRefused } from "./start-refused.js";
export { stopDaemon, type StopOptions } from "./stop-daemon.js";
export { readToken } from "./token-file.js";
export { forgetStarts as resumeAdmission } from "./unclean-starts.js";
