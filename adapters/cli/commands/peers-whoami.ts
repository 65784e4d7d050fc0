import { meshCommand } from "../mesh-client.js";
import { formatMembers } from "../table.js";

/** `anode peers whoami`: the peer that the caller is; exit 4 for one that is none. */
export const run = meshCommand(
  (client) => client.peers.whoami(),
  (peer, _line, { output }) => output.data(formatMembers(peer)),
);
