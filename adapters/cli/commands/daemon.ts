import { flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { type CommandLine, misuse } from "../command-line.js";
import type { DaemonOptions } from "../../daemon/index.js";
import type { Command, Context } from "../context.js";

const logLevels = ["debug", "info", "warn", "error"] as const;

/** `anode daemon`: the daemon in the foreground; with `--detach` returns when it is ready. */
export const run: Command = async (line, context) => {
  const options = toOptions(line, context);
  if (line.has("detach")) {
    const { detachDaemon } = await import("../detach.js");
    const { pid, socket, url } = await detachDaemon({ ...options, onWarning: context.output.note });
    const addresses = [socket === undefined ? [] : `unix:${socket}`, url ?? []].flat().join(", ");
    context.output.note(`the daemon runs as process ${pid}, listening on ${addresses}; \`anode daemon stop\` ends it`);
    return 0;
  }
  const { runDaemon } = await import("../../daemon/index.js");
  const program = process.argv[1];
  return runDaemon({
    ...options,
    ...(program !== undefined && { hookProgram: program }),
    // Beside the folder of the program's files.
    dashboard: fileURLToPath(new URL("../dashboard/", import.meta.url)),
    say(text) {
      context.output.errorData(`${text}\n`);
      // It speaks when it is up: what it took is loaded now, and a daemon that a signal ends would never write it.
      flushCompileCache();
    },
  });
};

function toOptions(line: CommandLine, { env, cwd, sqliteWorker }: Context): DaemonOptions {
  const port = line.number("port");
  const store = line.text("store");
  const logLevel = logLevelOf(line.text("log-level"));
  if (port !== undefined && port > 65_535) throw misuse(`--port must be a number from 0 to 65535, got ${port}.`);
  return {
    env,
    cwd,
    ...(line.has("addr") && { addr: line.list("addr") }),
    ...(port !== undefined && { port }),
    ...(line.has("no-tcp") && { noTcp: true }),
    ...(line.has("dangerously-allow-remote") && { dangerouslyAllowRemote: true }),
    ...(store !== undefined && { store }),
    ...(logLevel !== undefined && { logLevel }),
    ...(sqliteWorker && { sqliteWorker }),
  };
}

function logLevelOf(text: string | undefined): (typeof logLevels)[number] | undefined {
  const level = logLevels.find((name) => name === text);
  if (text !== undefined && level === undefined) throw misuse(`--log-level must be one of ${logLevels.join(", ")}, got ${text}.`);
  return level;
}
