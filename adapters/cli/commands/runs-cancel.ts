import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import type { Command } from "../context.js";
import { exitOfError } from "../exit-code.js";
import { withClient } from "../open-client.js";

/** `anode runs cancel`: cancels each run that is named; the exit code is that of the first refusal. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { output } = context;
    const reason = line.text("reason");
    let code = 0;
    const ids = [...line.words, ...line.rest];
    for (const id of ids) {
      try {
        const reply = await client.runs.cancel({ id, ...(reason !== undefined && { reason }) });
        if (line.has("json")) output.json(reply);
        else output.data(`${id} ${reply.status}\n`);
      } catch (error) {
        output.fail(ids.length > 1 ? about(id, error) : error);
        code ||= exitOfError(error);
      }
    }
    return code;
  });

/** The refusal with the run that it is about, where there are several. */
function about(id: string, error: unknown): unknown {
  if (!isAnodeError(error)) return error;
  return new AnodeError(error.code, `${id}: ${error.message}`, { cause: error, ...(error.details && { details: error.details }) });
}
