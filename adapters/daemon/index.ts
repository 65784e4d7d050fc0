/**
 * The daemon: everything put together in one process, and the ways to start, find and stop it.
 * @packageDocumentation
 */

export { loadConfig } from "./config.js";
export { diagnoseConfig } from "./config-doctor.js";
export { capacityOf, descriptorLimit } from "./descriptors.js";
export { detachDaemon } from "./detach-daemon.js";
export { type Home, homeOf, openHome } from "./home.js";
export { type LocalGround, openLocalRuns } from "./local-runs.js";
export type { LogLevel } from "./log.js";
export { complaintAbout } from "./private-path.js";
export { runDaemon } from "./run-daemon.js";
export { type DaemonOptions, type RunningDaemon, startDaemon } from "./start-daemon.js";
export { StartRefused } from "./start-refused.js";
export { stopDaemon } from "./stop-daemon.js";
export { readToken } from "./token-file.js";
export { forgetStarts as resumeAdmission } from "./unclean-starts.js";
