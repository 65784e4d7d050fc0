import { firstWord, meshCommand } from "../mesh-client.js";

/** `anode peers describe`: says what a peer works on; without words that is taken back. */
export const run = meshCommand(
  (client, line) => {
    const text = [...line.words, ...line.rest].slice(1).join(" ").trim();
    return client.peers.update({ id: firstWord(line), description: text === "" ? null : text });
  },
  ({ peer_id }, _line, { output }) => output.data(`${peer_id}\n`),
);
