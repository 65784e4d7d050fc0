import type { OperationOutput } from "../../../lib/contract/schemas.js";
import type { Client } from "../../client/index.js";
import type { Command } from "../context.js";
import { attachedFiles } from "../local-file.js";
import { given, messageText } from "../mesh-text.js";
import { withClient } from "../open-client.js";
import { formatTable } from "../table.js";

/** `anode broadcast`: tells everybody of a circle who is there; prints how far it got with each. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { output } = context;
    const exclude = line.list("exclude");
    const told = await client.messages.broadcast({
      text: await messageText(line, context, 0),
      ...(await attachedFiles(client, line, context)),
      ...given(line, { from: "from_peer", circle: "circle" }),
      ...(exclude.length > 0 && { exclude: [...exclude] }),
    });
    if (line.has("json")) output.json(told);
    else {
      const rows = await rowsOf(told, client);
      output.data(formatTable(["NAME", "ID", "STATE"], rows));
      if (rows.length === 0) output.note("nobody else is in the circle");
    }
    return 0;
  });

/** Ids are for programs: people know the names. */
async function rowsOf(told: OperationOutput<"messages.broadcast">, client: Client): Promise<string[][]> {
  const { delivered, sent, queued, failed } = told;
  const states = [
    ...Object.entries({ delivered, sent, queued }).flatMap(([state, peers]) => peers.map((id) => [id, state] as const)),
    ...failed.map(({ peer_id, code }) => [peer_id, `failed: ${code}`] as const),
  ];
  if (states.length === 0) return [];
  const peers = await client.peers.all({ limit: 1000 });
  const names = new Map(peers.map(({ peer_id, display_name }) => [peer_id, display_name]));
  return states.map(([id, state]) => [names.get(id) ?? "", id, state]);
}
