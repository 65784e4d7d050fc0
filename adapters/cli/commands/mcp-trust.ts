import type { Command } from "../context.js";
import { formatTable } from "../table.js";

/** `anode mcp trust`: lets the files of this workspace define what is run, or takes that back. */
export const run: Command = async (line, { cwd, env, output }) => {
  const { homeOf, openHome } = await import("../../daemon/index.js");
  const { createTrust } = await import("../../../lib/agent/index.js");
  const home = homeOf(env);
  openHome(home);
  const trust = createTrust(home.path);
  if (line.has("list")) {
    output.data(
      formatTable(
        ["PATH", "TRUSTED AT"],
        trust.list().map(({ path, trusted_at }) => [path, trusted_at]),
      ),
    );
    return 0;
  }
  const root = trust.rootOf(cwd);
  if (line.has("remove")) {
    await trust.remove(root);
    output.note(`${root} is no longer trusted`);
  } else {
    await trust.add(root, new Date().toISOString());
    output.note(`${root} is trusted: its MCP servers, its hooks and its configuration count`);
  }
  return 0;
};
