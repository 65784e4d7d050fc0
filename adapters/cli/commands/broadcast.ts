import { attachedFiles } from "../local-file.js";
import { meshCommand } from "../mesh-client.js";
import { given, messageText } from "../mesh-text.js";
import { formatTable } from "../table.js";

/** `anode broadcast`: tells everybody of a circle who is there; prints how far it got with each. */
export const run = meshCommand(
  async (client, line, context) => {
    const exclude = line.list("exclude");
    return client.messages.broadcast({
      text: await messageText(line, context, 0),
      ...(await attachedFiles(client, line, context)),
      ...given(line, { from: "from_peer", circle: "circle" }),
      ...(exclude.length > 0 && { exclude: [...exclude] }),
    });
  },
  ({ delivered, sent, queued, failed }, _line, { output }) => {
    const rows = [
      ...Object.entries({ delivered, sent, queued }).flatMap(([state, peers]) => peers.map((peer) => [peer, state])),
      ...failed.map(({ peer_id, code }) => [peer_id, `failed: ${code}`]),
    ];
    output.data(formatTable(["PEER", "STATE"], rows));
    if (rows.length === 0) output.note("nobody else is in the circle");
  },
);
