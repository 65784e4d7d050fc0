import type { OrphanPane } from "../../../lib/panes/schema.js";
import type { Command } from "../context.js";
import { misuse } from "../command-line.js";
import { given } from "../mesh-text.js";
import { withClient } from "../open-client.js";
import { formatTable, shorten } from "../table.js";

const header = ["PANE", "SESSION", "COMMAND", "LOOKS LIKE", "FOLDER"] as const;
const folderColumns = 60;

/** `anode link`: makes a peer of the agent in a pane; without one lists the panes that are no peer's. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { output } = context;
    const [pane] = [...line.words, ...line.rest];
    if (pane === undefined) {
      const orphans = await client.panes.orphans();
      if (line.has("json")) output.json(orphans);
      else {
        output.data(formatTable(header, orphans.panes.map(toRow)));
        if (orphans.pane_backend === "none") output.note("there is no tmux here, so there are no panes");
        else if (orphans.panes.length === 0) output.note("there is no pane that is not some peer's");
      }
      return 0;
    }
    const backend = line.text("backend");
    if (backend === undefined) throw misuse("link needs --backend: claude-code, codex, gemini or opencode.");
    const input = { pane_id: pane, ...given(line, { backend: "backend", name: "name", circle: "circle" }) };
    // What is a backend is the daemon's to say.
    const linked = await client.panes.link(input as Parameters<typeof client.panes.link>[0]);
    if (line.has("json")) output.json(linked);
    else {
      output.data(`${linked.peer_id}\n`);
      output.note(`${linked.display_name} is the agent in ${linked.pane_id}, in the circle ${linked.circle}`);
    }
    return 0;
  });

function toRow({ pane_id, session, window, command, detected_backend, cwd }: OrphanPane): string[] {
  return [pane_id, `${session}:${window}`, shorten(command, folderColumns), detected_backend ?? "", shorten(cwd, folderColumns)];
}
