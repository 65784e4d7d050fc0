import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { formatMembers } from "../table.js";

/** `anode runs show`: the summary of a run. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const [id = ""] = [...line.words, ...line.rest];
    const summary = await client.runs.get({ id });
    if (line.has("json")) context.output.json(summary);
    else context.output.data(formatMembers(summary));
    return 0;
  });
