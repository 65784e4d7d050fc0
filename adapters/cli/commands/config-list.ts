import type { Command } from "../context.js";
import { formatTable } from "../table.js";

const header = ["SOURCE", "PATH", "STATUS", "REASON"] as const;

/** `anode config list`: the places where the configuration may lie, in their order. */
export const run: Command = async (line, { cwd, env, output }) => {
  const { homeOf, loadConfig } = await import("../../daemon/index.js");
  const { candidates } = loadConfig({ env, home: homeOf(env), cwd });
  if (line.has("json")) output.json({ candidates });
  else
    output.data(
      formatTable(
        header,
        candidates.map(({ path, reason = "", source, status }) => [source, path, status, reason]),
      ),
    );
  return 0;
};
