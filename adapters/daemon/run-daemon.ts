import { execFile } from "node:child_process";
import type { Environment } from "../../lib/node/home-folder.js";
import { messageOf } from "../../lib/thrown.js";
import { catchSignals, type EndSignals } from "./signals.js";
import { type DaemonOptions, type RunningDaemon, startDaemon } from "./start-daemon.js";
import { exitOf } from "./start-refused.js";

/** What the foreground daemon can be told beside its own options. */
export interface RunDaemonOptions extends DaemonOptions {
  /** Takes each line for the terminal. @defaultValue standard error */
  readonly say?: (line: string) => void;
}

/** Longest that a start goes on which was asked to end: one that waits for space on its disk may wait for ever. */
const longestCutStartMs = 3_000;

/**
 * Runs a daemon in the foreground until a signal, or the loss of its store, ends it. Answers the exit status: 0 after an end in order, 1
 * when that took too long or was cut short by a second signal, 74, 75 or 78 as the start or the store says. The caller ends the process.
 */
export async function runDaemon(options: RunDaemonOptions = {}): Promise<number> {
  const { say = (line) => void process.stderr.write(`${line}\n`) } = options;
  let daemon: RunningDaemon | undefined;
  const signals = catchSignals(() => daemon?.reopenLog());
  try {
    daemon = await Promise.race([startDaemon(options), signals.second.then(() => undefined), tooLong(signals.first)]);
    if (!daemon) return 1;
    for (const warning of daemon.warnings) say(`anode: ${warning}`);
    for (const address of daemon.addresses) say(`listening on ${address}`);
    tellServiceManager(options.env ?? process.env);
    return await serve(daemon, signals, say);
  } catch (error) {
    say(`anode: ${messageOf(error)}`);
    return exitOf(error);
  }
}

async function serve(daemon: RunningDaemon, { first, second }: EndSignals, say: (line: string) => void): Promise<number> {
  const lost = await Promise.race([first.then(() => undefined), daemon.failed]);
  if (lost) say(`anode: ${lost.message}`);
  const overrun = Promise.withResolvers<false>();
  const timer = setTimeout(() => overrun.resolve(false), daemon.drainMs + daemon.shutdownMs);
  const isInOrder = await Promise.race([daemon.close().then(() => true), second.then(() => false), overrun.promise]);
  clearTimeout(timer);
  if (!isInOrder) await daemon.killRuns();
  if (lost) return 74;
  return isInOrder ? 0 : 1;
}

async function tooLong(first: Promise<string>): Promise<undefined> {
  await first;
  await new Promise((resolve) => setTimeout(resolve, longestCutStartMs).unref());
}

/** Only a program of the service manager's own can write to its socket for us. */
function tellServiceManager(env: Environment): void {
  if (!env["NOTIFY_SOCKET"]) return;
  const child = execFile("systemd-notify", ["--ready", `--pid=${process.pid}`], () => {});
  child.unref();
}
