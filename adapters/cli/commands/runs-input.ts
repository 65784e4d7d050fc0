import type { Command } from "../context.js";
import { withClient } from "../open-client.js";

/** `anode runs input`: follow-up input of a run, words joined with one space. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const [id = "", ...words] = [...line.words, ...line.rest];
    const reply = await client.runs.input({ id, text: words.join(" "), ...(line.has("steer") && { delivery: "steer" as const }) });
    if (line.has("json")) context.output.json(reply);
    else context.output.data(`${reply.input_id}\n`);
    return 0;
  });
