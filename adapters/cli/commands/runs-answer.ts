import { AnodeError } from "../../../lib/errors.js";
import type { AnswerInput, Question } from "../../../lib/questions/schema.js";
import type { Client } from "../../client/index.js";
import { type CommandLine, misuse } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { withClient } from "../open-client.js";
import { readAnswer } from "../read-answer.js";
import { questionTable } from "../question-table.js";

/** `anode runs answer`: answers a question of a run, or lists the open ones. */
export const run: Command = async (line, context) => {
  const [id, ...more] = [...line.words, ...line.rest];
  if (line.has("list")) return withClient(line, context, (client) => listQuestions(client, id, line, context));
  if (id === undefined) throw misuse("runs answer needs the id of a run, or --list.");
  const named = more[0]?.startsWith("Q-") ? more.shift() : undefined;
  const [option, extra] = more;
  if (extra !== undefined) throw misuse(`runs answer takes one option, got ${extra} too.`);
  if (option !== undefined && line.has("text")) throw misuse("An option and --text exclude each other.");
  return withClient(line, context, async (client) => {
    const question = await findQuestion(client, id, named);
    const message = line.text("message");
    const closed = await client.runs.answer({
      id,
      question_id: question.question_id,
      digest: question.digest,
      ...answerOf(question, option, line.text("text")),
      ...(message !== undefined && { message }),
    });
    if (line.has("json")) context.output.json(closed);
    else context.output.data(`${closed.question_id} ${closed.outcome ?? closed.status}\n`);
    return 0;
  });
};

/** @throws `question_not_found`; `invalid_request` when it is not clear which one is meant */
async function findQuestion(client: Client, id: string, named: string | undefined): Promise<Question> {
  const { questions } = await client.runs.questions({ id, status: named === undefined ? "open" : "all" });
  const [first, ...others] = named === undefined ? questions : questions.filter((question) => question.question_id === named);
  if (!first)
    throw new AnodeError("question_not_found", named === undefined ? `${id} has no open question.` : `${id} has no question ${named}.`);
  if (others.length === 0) return first;
  throw misuse(`${id} has several open questions, name one of ${questions.map(({ question_id }) => question_id).join(", ")}.`);
}

/** What cannot be read as an answer is sent as it is: the daemon says what it expected. */
function answerOf(question: Question, option: string | undefined, text: string | undefined): AnswerInput {
  if (text !== undefined) return { text };
  if (option === undefined) return {};
  return readAnswer(question, option) ?? { option_id: option };
}

async function listQuestions(client: Client, id: string | undefined, line: CommandLine, { output }: Context): Promise<number> {
  const page = id === undefined ? await client.questions.list() : await client.runs.questions({ id, status: "open", tree: true });
  if (line.has("json")) output.json(page);
  else output.data(await questionTable(client, page.questions));
  return 0;
}
