import { type CommandLine, misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { followQuestions, type QuestionFilter } from "../follow-questions.js";
import { untilInterrupted } from "../interrupt.js";
import { withClient } from "../open-client.js";
import { questionTable } from "../question-table.js";

/** `anode questions`: what waits for an answer; with `--follow` also what comes, put to the person at the terminal. */
export const run: Command = async (line, context) => {
  const filter = filterOf(line);
  if (line.has("follow"))
    return untilInterrupted((signal) =>
      withClient(line, context, (client) => followQuestions(client, filter, context, { asJson: line.has("json"), signal })),
    );
  return withClient(line, context, async (client) => {
    const page = await client.questions.list(filter);
    if (line.has("json")) context.output.json(page);
    else context.output.data(await questionTable(client, page.questions));
    return 0;
  });
};

function filterOf(line: CommandLine): QuestionFilter {
  const [scope, ...more] = line.list("scope");
  const run_id = line.text("run");
  if (more.length > 0) throw misuse("questions takes one --scope.");
  if (line.has("tree") && run_id === undefined) throw misuse("--tree needs --run.");
  return {
    ...(scope !== undefined && { scope: scope as NonNullable<QuestionFilter["scope"]> }),
    ...(run_id !== undefined && { run_id }),
    ...(line.has("tree") && { tree: true }),
  };
}
