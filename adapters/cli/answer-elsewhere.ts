import type { Question } from "../../lib/questions/schema.js";
import type { Client } from "../client/index.js";
import type { Output } from "./output.js";

/** Whether somebody can still answer; a replay tells of questions that were closed long ago. */
export async function isStillOpen({ question_id: id }: Question, client: Client, signal: AbortSignal): Promise<boolean> {
  const question = await client.questions.get({ id }, { signal }).catch(() => undefined);
  return question?.status === "open";
}

/** Says how a question that waits is answered, where nobody is asked here. */
export function tellHowToAnswer(client: Client, output: Output, signal: AbortSignal): (question: Question) => void {
  return (question) =>
    void isStillOpen(question, client, signal).then((isOpen) => {
      if (isOpen) output.note(`to answer, in another terminal: ${answerCommand(question)}`);
    });
}

function answerCommand({ kind, run_id = "", scope }: Question): string {
  const answer = { acknowledge: "", choice: scope === "tool_permission" ? " y" : " <option>", text: " --text <answer>" }[kind];
  return `anode runs answer ${run_id}${answer}`;
}
