import type { Ask } from "../../../lib/asks/schema.js";
import { meshCommand, peerOr, shortTime } from "../mesh-client.js";
import { given } from "../mesh-text.js";
import { formatTable, shorten } from "../table.js";

const header = ["ID", "FROM", "TO", "ASKED", "STATE", "TEXT"] as const;
const textColumns = 60;
const most = 100;

/** `anode peers asks`: the open asks of a peer, newest first. */
export const run = meshCommand(
  async (client, line) => {
    const { peer_id } = await peerOr(client, [...line.words, ...line.rest][0]);
    const input = { peer_id, limit: most, ...given(line, { direction: "direction" }) };
    return client.asks.pending(input as Parameters<typeof client.asks.pending>[0]);
  },
  ({ asks, total }, _line, { output }) => {
    output.data(formatTable(header, asks.map(toRow)));
    if (total > asks.length) output.note(`${total} are open; these are the newest ${asks.length}`);
  },
);

function toRow({ correlation_id, from_name, to_name, created_at, delivery_state, text }: Ask): string[] {
  return [correlation_id, from_name, to_name, shortTime(created_at), delivery_state, shorten(text, textColumns)];
}
