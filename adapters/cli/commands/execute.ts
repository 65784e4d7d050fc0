import type { OperationInput } from "../../../lib/contract/schemas.js";
import { misuse } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { createInputFeed } from "../input-feed.js";
import { readInputLines } from "../input-lines.js";
import { readPrompt } from "../read-prompt.js";
import { type HereOptions, runHere } from "../run-here.js";
import { toRunRequest } from "../run-request.js";
import { formatStats } from "../stats.js";

const missing = 'execute needs a prompt: as words, such as execute "explain this repository", or on standard input.';

/** `anode execute`: one run in this process, without a daemon; the exit code is the run's. */
export const run: Command = async (line, context) => {
  const asJson = line.has("stream-json");
  for (const name of ["previews", "stream-json-input"] as const) {
    if (line.has(name) && !asJson) throw misuse(`--${name} needs --stream-json.`);
  }
  // A run of another manager is nobody's parent here.
  const request = toRunRequest(line, { ...context, env: {} });
  const { output } = context;
  return runHere(context, {
    asJson,
    previews: line.has("previews"),
    ...(line.has("stream-json-input") ? await fed(request, context) : { request: await prompted(request, context) }),
    ...(line.has("stats") && { after: (summary) => output.note(formatStats(summary)) }),
  });
};

async function prompted(request: OperationInput<"runs.start">, { stdin }: Context): Promise<OperationInput<"runs.start">> {
  return request.prompt === undefined ? { ...request, prompt: await readPrompt(stdin, missing) } : request;
}

/** The first line is the prompt where no words were given; every other one is input for the run, which is open until they end. */
async function fed(
  request: OperationInput<"runs.start">,
  { stdin }: Context,
): Promise<Pick<HereOptions, "request" | "around" | "feed" | "see">> {
  const texts = readInputLines(stdin);
  const prompt = request.prompt ?? (await texts.next()).value;
  if (prompt === undefined) throw misuse(`${missing} Standard input holds no line.`);
  const { around, run: feed, see } = createInputFeed(texts);
  return { request: { ...request, prompt, keep_open: true }, around, feed, see };
}
