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
  ({ delivery_id, delivery_state, queued, reason = "" }, _line, { output }) => {
    output.data(`${delivery_id}\n`);
    output.note(queued ? (waiting[reason] ?? "it waits until the peer fetches it") : `it is ${delivery_state}`);
  },
);

const waiting: Readonly<Record<string, string>> = {
  not_idle: "it waits until the peer is idle",
  injection_failed: "the peer did not take it; it waits for another try",
};
