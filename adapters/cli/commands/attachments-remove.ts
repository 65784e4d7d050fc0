import type { Command } from "../context.js";
import { withClient } from "../open-client.js";

/** `anode attachments remove`: removes an attachment that nothing open refers to. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const [id = ""] = [...line.words, ...line.rest];
    const reply = await client.attachments.remove({ id });
    if (line.has("json")) context.output.json({ id, ...reply });
    else context.output.data(`${id}\n`);
    return 0;
  });
