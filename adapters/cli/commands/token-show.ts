import { homeOf, readToken } from "../../daemon/index.js";
import type { Command } from "../context.js";

/** `anode token show`: the token of the home folder, as its file has it. */
export const run: Command = async (_line, { env, output }) => {
  output.data(`${readToken(homeOf(env).token)}\n`);
  return 0;
};
