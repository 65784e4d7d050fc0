import { attachedFiles } from "../local-file.js";
import { firstWord, meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";

/** `anode ack`: closes an ask, with the words as its reply. */
export const run = meshCommand(
  async (client, line, context) => {
    const words = [...line.words, ...line.rest].slice(1);
    return client.asks.ack({
      correlation_id: firstWord(line),
      ...(words.length > 0 && { message: words.join(" ") }),
      ...(await attachedFiles(client, line, context)),
      ...given(line, { from: "from_peer" }),
    });
  },
  ({ close_reason, delivery_state }, _line, { output }) => {
    output.data(`${close_reason}\n`);
    if (delivery_state !== undefined) output.note(`the reply is kept; its notice to the asker is ${delivery_state}`);
  },
);
