import { firstWord, meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";
import { formatMembers } from "../table.js";

/** `anode peers show`: a peer, by its name or its id. */
export const run = meshCommand(
  (client, line) => client.peers.get({ id: firstWord(line), ...given(line, { circle: "circle" }) }),
  (peer, _line, { output }) => output.data(formatMembers(peer)),
);
