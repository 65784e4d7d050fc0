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
  const work: Work = line.has("stream-json-input") ? await fed(request, context) : { request: await prompted(request, context) };
  return runHere(context, {
    ...work,
    ...(line.has("archive") && { around: await archiving(work.around) }),
    asJson,
    previews: line.has("previews"),
    ...(line.has("stats") && { after: (summary) => output.note(formatStats(summary)) }),
  });
};

type Work = Pick<HereOptions, "request" | "around" | "feed" | "see">;

/** Archives the thread of the run, outside of whatever else is around the executor. */
async function archiving(around: HereOptions["around"] = (executor) => executor): Promise<NonNullable<HereOptions["around"]>> {
  const { archivingExecutor } = await import("../../../lib/agent/index.js");
  return (executor, ground) => archivingExecutor(around(executor, ground), ground);
}

async function prompted(request: OperationInput<"runs.start">, { stdin }: Context): Promise<OperationInput<"runs.start">> {
  return request.prompt === undefined ? { ...request, prompt: await readPrompt(stdin, missing) } : request;
}

/** The first line is the prompt where no words were given; every other one is input for the run, which is open until they end. */
async function fed(request: OperationInput<"runs.start">, { stdin }: Context): Promise<Work> {
  const texts = readInputLines(stdin);
  const prompt = request.prompt ?? (await texts.next()).value;
  if (prompt === undefined) throw misuse(`${missing} Standard input holds no line.`);
  const { around, run: feed, see } = createInputFeed(texts);
  return { request: { ...request, prompt, keep_open: true }, around, feed, see };
}
