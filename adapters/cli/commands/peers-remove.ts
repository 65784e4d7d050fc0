import { firstWord, meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";

/** `anode peers remove`: retires a peer and prints its id. */
export const run = meshCommand(
  (client, line) => client.peers.remove({ id: firstWord(line), ...given(line, { circle: "circle" }) }),
  ({ peer_id }, _line, { output }) => output.data(`${peer_id}\n`),
);
