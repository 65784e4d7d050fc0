import type { Command } from "../context.js";
import { exitOfError } from "../exit-code.js";
import { withClient } from "../open-client.js";

/** `anode runs cancel`: cancels each run that is named; the exit code is that of the first refusal. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { output } = context;
    const reason = line.text("reason");
    let code = 0;
    for (const id of [...line.words, ...line.rest]) {
      try {
        const reply = await client.runs.cancel({ id, ...(reason !== undefined && { reason }) });
        if (line.has("json")) output.json(reply);
        else output.data(`${id} ${reply.status}\n`);
      } catch (error) {
        output.fail(error);
        code ||= exitOfError(error);
      }
    }
    return code;
  });
