import { isAnodeError } from "../../lib/errors.js";
import type { CommandLine } from "./command-line.js";
import type { Context } from "./context.js";

/**
 * Makes a call that needs a daemon; where none answers, starts one and makes it again. Not with `--no-spawn`, and not where the caller
 * says which daemon it wants. The call must not be repeated by itself while it may be followed by a start.
 */
export async function spawningDaemon<Value>(
  line: CommandLine,
  context: Context,
  call: (retries?: number) => Promise<Value>,
): Promise<Value> {
  if (!maySpawn(line, context)) return call();
  try {
    return await call(0);
  } catch (error) {
    // Only a refused connection says that nothing can have come of the call.
    if (!isAnodeError(error) || error.code !== "connection_refused") throw error;
  }
  const { detachDaemon } = await import("./detach.js");
  await detachDaemon({ env: context.env, cwd: context.cwd, onWarning: context.output.note });
  context.output.note("started the daemon");
  return call();
}

function maySpawn(line: CommandLine, { env }: Context): boolean {
  return !line.has("no-spawn") && line.text("daemon") === undefined && !env["ANODE_DAEMON"] && !env["ANODE_RUN_TOKEN"];
}
