import type { Peer } from "../../../lib/peers/schema.js";
import { meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";
import { formatTable, shorten } from "../table.js";

const header = ["NAME", "ID", "BACKEND", "CIRCLE", "STATUS", "ASKS", "DESCRIPTION"] as const;
const descriptionColumns = 60;

/** `anode peers list`: peers as a table, newest first. */
export const run = meshCommand(
  async (client, line) => {
    const filters = given(line, { circle: "circle", backend: "backend", status: "status" });
    const status = line.has("all") ? {} : { status: "online" };
    // What a filter may be is the daemon's to say.
    return { peers: await client.peers.all({ ...status, ...filters } as Parameters<typeof client.peers.all>[0]) };
  },
  ({ peers }, line, { output }) => {
    output.data(formatTable(header, peers.map(toRow)));
    if (!line.has("all") && line.text("status") === undefined) output.note("--all lists peers that are offline too");
  },
);

function toRow({ display_name, peer_id, backend, circle, status, turn_state, pending_ask_count, description = "" }: Peer): string[] {
  const state = turn_state === undefined ? status : `${status} (${turn_state})`;
  return [display_name, peer_id, backend, circle, state, String(pending_ask_count), shorten(description, descriptionColumns)];
}
