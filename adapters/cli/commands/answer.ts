import type { AnswerInput, Question } from "../../../lib/questions/schema.js";
import { type CommandLine, misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { readAnswer } from "../read-answer.js";

/** `anode answer`: answers a question, whoever asks it: a run, a peer, a hook. */
export const run: Command = async (line, context) => {
  const [id = "", ...more] = [...line.words, ...line.rest];
  const typed = more.length > 0 ? more.join(" ") : undefined;
  const ways = [...(typed === undefined ? [] : ["words"]), ...(["option", "deny", "ack"] as const).filter((name) => line.has(name))];
  if (ways.length > 1) throw misuse(`An answer is given in one way, got ${ways.join(" and ")}.`);
  return withClient(line, context, async (client) => {
    const question = await client.questions.get({ id });
    const message = line.text("message");
    const reply = await client.questions.answer({
      correlation_id: id,
      digest: question.digest,
      ...answerOf(question, typed, line),
      ...(message !== undefined && { message }),
    });
    if (line.has("json")) context.output.json(reply);
    else context.output.data(`${reply.correlation_id} ${reply.outcome}\n`);
    return 0;
  });
};

/** What cannot be read as an answer is sent as it is: the daemon says what it expected. */
function answerOf(question: Question, typed: string | undefined, line: CommandLine): AnswerInput {
  const option_id = line.text("option");
  if (option_id !== undefined) return { option_id };
  if (line.has("deny")) return { outcome: "denied" };
  if (line.has("ack")) return { outcome: "acknowledged" };
  if (typed === undefined) return {};
  if (question.kind === "acknowledge") return { text: typed };
  return readAnswer(question, typed) ?? (question.kind === "choice" ? { option_id: typed } : { text: typed });
}
