import type { Command } from "../context.js";
import { formatTable } from "../table.js";

/** `anode config doctor`: what is wrong with the configuration; exit 1 when a file cannot be used. */
export const run: Command = async (line, { cwd, env, output }) => {
  const { diagnoseConfig, homeOf } = await import("../../daemon/index.js");
  const findings = await diagnoseConfig({ env, home: homeOf(env), cwd });
  const isFailed = findings.some(({ level }) => level === "fail");
  if (line.has("json")) output.json({ findings });
  else {
    if (findings.length > 0)
      output.data(
        formatTable(
          ["LEVEL", "FILE", "FINDING"],
          findings.map(({ level, path, text }) => [level, path, text]),
        ),
      );
    if (!isFailed) output.data("Config doctor passed.\n");
  }
  return isFailed ? 1 : 0;
};
