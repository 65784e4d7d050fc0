import { holdPane } from "../agent-hook/pane-hook.js";
import { misuse } from "../command-line.js";
import type { Command } from "../context.js";

/** `anode hook ws`: holds the socket of the peer in a pane, until the agent is gone. */
export const run: Command = async (line, { env, output }) => {
  const pane_id = line.text("pane") ?? "";
  if (!/^%\d{1,9}$/.test(pane_id)) throw misuse(`--pane must be of the form %7, got ${pane_id || "nothing"}.`);
  const end = await holdPane({ pane_id, backend: line.text("backend") ?? "", env });
  output.note(`the hook of ${pane_id} has ended: ${end}`);
  return end === "refused" ? 1 : 0;
};
