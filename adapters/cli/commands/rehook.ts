import { firstWord, meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";

/** `anode rehook`: says how a peer in a pane gets its hook back; with `--apply` does it. */
export const run = meshCommand(
  (client, line) =>
    client.peers.rehook({ id: firstWord(line), ...given(line, { circle: "circle" }), ...(line.has("apply") && { apply: true }) }),
  ({ reason, dry_run, display_name, pane_id }, _line, { output }) => {
    output.data(`${reason}\n`);
    if (dry_run && reason.startsWith("would")) output.note(`nothing was done to ${display_name} in ${pane_id}; --apply does it`);
  },
);
