import type { AskQuestions, Asks } from "../asks/asks.js";
import type { Ending } from "../asks/ending.js";
import type { Ask } from "../asks/schema.js";
import type { Caller } from "../caller.js";
import { AnodeError, invalidRequest, isAnodeError, type Issue } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Step } from "../events/step.js";
import type { AttachedFile, RepliedAnswer } from "../messages/schema.js";
import type { OpenQuestion } from "../questions/desk-types.js";
import type { AnswerInput, Question } from "../questions/schema.js";
import { questionStepsOf, type RunManager } from "../runs/manager.js";
import { parseTime } from "../system-host.js";

/** The typed question of an ask at the desk: its id is the ask's, it opens with the ask, and either ends with the other. */
export function askQuestions(manager: RunManager): AskQuestions {
  const { desk, host, journal } = manager;
  const steps = questionStepsOf(manager);
  return {
    async opening({ correlation_id, from_peer_id, to_peer_id, text, question, expires_at }) {
      const asked: OpenQuestion = {
        prompt: text,
        ...question,
        kind: question?.kind ?? "acknowledge",
        scope: "mesh_ask",
        id: correlation_id,
        owner: { peer_id: from_peer_id },
        from_peer_id,
        recipient: to_peer_id,
        timeout_ms: Math.max(1, parseTime(expires_at) - host.clock.now()),
      };
      const prepared = await steps.prepare(asked).catch((error: unknown) => {
        throw asInAsk(error);
      });
      return () => steps.opening(prepared).step;
    },
    async assertFree(correlation_id) {
      if (await desk.get(correlation_id).catch(unlessMissing))
        throw new AnodeError("correlation_conflict", "The correlation_id belongs to a question.");
    },
    ending: (correlation_id) => steps.closingOf([correlation_id], "canceled"),
    async missed(correlation_id) {
      // Its end may be on its way to the store.
      await journal.settled();
      const question = await desk.get(correlation_id).catch(unlessMissing);
      // One that is no longer kept ended long ago.
      if (!question) return { close_reason: "expired" };
      return question.status === "closed" ? endingOf(question) : undefined;
    },
  };
}

/** What goes with an answer to an ask's question. */
export interface AskAnswer extends AnswerInput {
  readonly files?: readonly AttachedFile[] | undefined;
  /** For the same commit, once it is known what is recorded. */
  readonly also?: (closed: Question) => Step;
}

/**
 * Answers the question of an ask, which closes the ask with it.
 * @throws `question_closed`, `question_changed`, `invalid_option`, `invalid_answer`, `storage_full`
 */
export async function answerAsk(
  { asks, manager }: { readonly asks: Asks; readonly manager: RunManager },
  correlation_id: string,
  answer: AskAnswer,
  caller: Caller,
): Promise<{ readonly ask: Ask; readonly question: Question }> {
  const { files, also = () => ({}), ...input } = answer;
  const { question, step } = questionStepsOf(manager).answering(correlation_id, input, caller);
  const ask = await asks.close(correlation_id, {
    ...endingOf(question),
    ...(files && { reply_attachments: files }),
    also: joinSteps(step, also(question)),
  });
  return { ask, question };
}

/** A short form of an answer: bare it acknowledges, with a message it is the text. */
export function ackedAnswer({ question }: Ask, message: string | undefined): AnswerInput {
  if (message === undefined) return {};
  return question?.kind === "text" ? { text: message } : { message };
}

/** What the desk ends by itself ends the ask too: with the default answer, which is the reply, or because the time is over. */
export function endWithQuestion(asks: Asks, closed: Question): Step {
  return closed.scope === "mesh_ask" ? asks.endingStep(closed.question_id, endingOf(closed)) : {};
}

function endingOf({ outcome = "canceled", option_id, text, message, reason }: Question): Ending {
  if (reason === "timed_out") return { close_reason: "expired" };
  const answer: RepliedAnswer = {
    outcome,
    ...(option_id !== undefined && { option_id }),
    ...(text !== undefined && { text }),
    ...(message !== undefined && { message }),
  };
  const reply_text = text ?? message;
  return { close_reason: "answered", replied_by: "answer", answer, ...(reply_text !== undefined && { reply_text }) };
}

/** What is wrong with the question, named as it lies in the ask. */
function asInAsk(error: unknown): unknown {
  if (!isAnodeError(error) || error.code !== "invalid_request") return error;
  const issues = error.details?.["issues"] as readonly Issue[];
  return invalidRequest(issues.map((issue) => ({ ...issue, path: `question.${issue.path}` })));
}

function unlessMissing(error: unknown): undefined {
  if (isAnodeError(error) && error.code === "question_not_found") return undefined;
  throw error;
}
