import type { Command } from "../context.js";

/** `anode config path`: the file that is used, else where a person's own would be. */
export const run: Command = async (_line, { cwd, env, output }) => {
  const { homeOf, loadConfig } = await import("../../daemon/index.js");
  const home = homeOf(env);
  const { candidates } = loadConfig({ env, home, cwd });
  const named = candidates.find(({ source }) => source === "environment");
  if (named && named.status !== "used") output.note(`ANODE_CONFIG is not used: ${named.path}: ${named.reason ?? "there is no such file"}`);
  output.data(`${candidates.find(({ status }) => status === "used")?.path ?? home.config}\n`);
  return 0;
};
