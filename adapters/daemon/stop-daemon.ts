import { AnodeError } from "../../lib/index.js";
import { isDead, type ProcessInfo, signalVerified, systemReader } from "../../lib/node/index.js";
import { readDaemonFile } from "../client/index.js";
import type { Environment } from "../../lib/node/home-folder.js";
import { homeOf } from "./home.js";

/** What stopping takes. */
export interface StopOptions {
  /** @defaultValue the environment of this process */
  readonly env?: Environment;
  /** The home folder. @defaultValue `$ANODE_HOME`, else `~/.config/anode` */
  readonly home?: string;
  /** Milliseconds to wait for its end. @defaultValue 15000 */
  readonly timeoutMs?: number;
}

const roundMs = 50;

/**
 * Asks the daemon of a home folder to end and waits until it has. Answers its pid.
 * @throws `connection_refused` when none runs, `timeout` when it goes on running, `policy_denied` when it may not be signaled from here
 */
export async function stopDaemon(options: StopOptions = {}): Promise<number> {
  const { env = process.env, timeoutMs = 15_000 } = options;
  const home = homeOf(options.home === undefined ? env : { ...env, ANODE_HOME: options.home });
  const daemon = await readDaemonFile(home.discovery);
  const info = daemon && liveProcess(daemon.pid, daemon.start_ticks);
  if (!info) throw new AnodeError("connection_refused", `No daemon runs for ${home.path}.`);
  if (!signalVerified(systemReader(), new Map([[info.pid, info]]), info.pid, "SIGTERM")) {
    throw new AnodeError("policy_denied", `The daemon, process ${info.pid}, cannot be stopped from here.`);
  }
  for (const end = Date.now() + timeoutMs; liveProcess(info.pid, info.startTicks); await pause()) {
    if (Date.now() > end) throw new AnodeError("timeout", `The daemon, process ${info.pid}, still runs after ${timeoutMs} ms.`);
  }
  return info.pid;
}

function liveProcess(pid: number, startTicks: number): ProcessInfo | undefined {
  const info = systemReader().read(pid);
  return info && !isDead(info) && info.startTicks === startTicks ? info : undefined;
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, roundMs);
  });
}
