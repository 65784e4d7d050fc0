import { attachedFiles } from "../local-file.js";
import { firstWord, meshCommand } from "../mesh-client.js";
import { given, messageText } from "../mesh-text.js";

/** `anode notify`: sends a message that needs no reply, and prints its id. */
export const run = meshCommand(
  async (client, line, context) =>
    client.messages.notify({
      to_peer: firstWord(line),
      text: await messageText(line, context, 1),
      ...(await attachedFiles(client, line, context)),
      ...given(line, { from: "from_peer", circle: "circle" }),
    }),
  ({ delivery_id, delivery_state, queued }, _line, { output }) => {
    output.data(`${delivery_id}\n`);
    output.note(queued ? "it waits until the peer fetches it" : `it is ${delivery_state}`);
  },
);
