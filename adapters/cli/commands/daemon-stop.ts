import { stopDaemon } from "../../daemon/index.js";
import type { Command } from "../context.js";

/** `anode daemon stop`: stops the daemon of the home folder and waits until it is gone. */
export const run: Command = async (_line, { env, output }) => {
  await stopDaemon({ env });
  output.note("the daemon has stopped");
  return 0;
};
