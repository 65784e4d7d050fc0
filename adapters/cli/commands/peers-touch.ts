import { firstWord, meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";

/** `anode peers touch`: a peer was heard of; prints when. */
export const run = meshCommand(
  (client, line) => client.peers.touch({ id: firstWord(line), ...given(line, { circle: "circle" }) }),
  ({ last_seen }, _line, { output }) => output.data(`${last_seen}\n`),
);
