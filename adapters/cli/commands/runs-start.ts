import type { OperationInput } from "../../../lib/contract/schemas.js";
import { misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { followRun } from "../follow-run.js";
import { untilInterrupted } from "../interrupt.js";
import { withNewerVariables } from "../newer-variables.js";
import { withClient } from "../open-client.js";
import { readPrompt } from "../read-prompt.js";
import { toRunRequest } from "../run-request.js";
import { spawningDaemon } from "../spawn-daemon.js";

/** `anode runs start`: starts a run and prints its id; with `--attach` follows it. */
export const run: Command = async (line, context) => {
  const { output, stdin } = context;
  const follows = line.has("attach");
  if (follows && line.has("json")) throw misuse("--attach and --json exclude each other.");
  const request = await withPrompt(toRunRequest(line, context), stdin);
  const idempotencyKey = line.text("idempotency-key");
  const reply = await spawningDaemon(line, context, (retries) =>
    withClient(line, context, (client) =>
      client.runs.start(request, { ...(retries !== undefined && { retries }), ...(idempotencyKey !== undefined && { idempotencyKey }) }),
    ),
  ).catch((error: unknown) => {
    throw withNewerVariables(error, context.env);
  });
  if (line.has("json")) output.json(reply);
  else if (!follows) output.data(`${reply.run_id}\n`);
  if (!follows) return 0;
  // Standard output belongs to what the run says.
  output.note(`run ${reply.run_id}`);
  return untilInterrupted((signal) => withClient(line, context, (client) => followRun(client, reply.run_id, context, { signal })));
};

/** A command needs no prompt; anything else takes it from standard input where no words were given. */
async function withPrompt(request: OperationInput<"runs.start">, stdin: NodeJS.ReadStream): Promise<OperationInput<"runs.start">> {
  if (request.prompt !== undefined || request.argv || request.command !== undefined) return request;
  return { ...request, prompt: await readPrompt(stdin, "runs start needs a prompt, --exec or --command.") };
}
