import { AnodeError } from "../errors.js";
import type { Answer, AnswerInput, DenyReason, Question, QuestionInput, QuestionOption } from "./schema.js";

const impliedEffects: ReadonlyMap<string, "allow" | "deny"> = new Map([
  ["allow", "allow"],
  ["allow_once", "allow"],
  ["allow_always", "allow"],
  ["deny", "deny"],
]);

/** The options of an approval that names none. */
export const approvalOptions: readonly QuestionOption[] = [
  { id: "allow_once", title: "Allow once" },
  { id: "allow_always", title: "Allow for the rest of this run" },
  { id: "deny", title: "Deny" },
];

/** What choosing the option of an approval means; `undefined` when it does not say. */
export function effectOf(option: QuestionOption): "allow" | "deny" | undefined {
  return option.effect ?? impliedEffects.get(option.id);
}

/**
 * Refuses a question nobody could answer rightly.
 * @throws `invalid_request`, `default_not_denying`
 */
export function checkQuestion(input: QuestionInput): void {
  const ids = (input.options ?? []).map((option) => option.id);
  if (input.kind === "choice" && ids.length === 0) throw refusal("options must name at least one option for a choice.");
  if (input.kind !== "choice" && ids.length > 0) throw refusal("options are only for a choice.");
  if (new Set(ids).size !== ids.length) throw refusal("options must have unique ids.");
  if (input.scope === "tool_permission") checkApproval(input);
  if (input.kind === "choice" && input.default_answer !== undefined && !ids.includes(input.default_answer)) {
    throw refusal("default_answer must be the id of an option.");
  }
}

function checkApproval(input: QuestionInput): void {
  if (input.kind !== "choice") throw refusal("kind must be choice for a tool_permission.");
  const open = input.options?.find((option) => effectOf(option) === undefined);
  if (open) throw refusal(`options.${open.id}.effect must say allow or deny.`);
  const fallback = input.options?.find((option) => option.id === input.default_answer);
  if (fallback && effectOf(fallback) === "allow") {
    throw new AnodeError("default_not_denying", "default_answer of a tool_permission may only deny.");
  }
}

function refusal(detail: string): AnodeError {
  return new AnodeError("invalid_request", detail);
}

/**
 * The ending that an answer gives a question.
 * @throws `question_changed`, `invalid_option`, `invalid_answer`
 */
export function judgeAnswer(question: Question, input: AnswerInput, by: string): Answer {
  if (input.digest !== undefined && input.digest !== question.digest) {
    throw new AnodeError("question_changed", "The answer is for another question than this one; read it again.");
  }
  const common = { by, ...(input.message !== undefined && { message: input.message }) };
  if (input.decline) return { ...common, ...declined(question, input) };
  if (question.kind === "choice") {
    const option = question.options?.find((candidate) => candidate.id === input.option_id);
    if (!option) {
      const listed = (question.options ?? []).map((candidate) => candidate.id).join(", ");
      throw new AnodeError("invalid_option", `option_id must be one of ${listed}${got(input.option_id)}.`);
    }
    if (input.text !== undefined) throw new AnodeError("invalid_answer", "text is not part of the answer to a choice.");
    if (question.scope !== "tool_permission") return { ...common, outcome: "answered", option_id: option.id };
    return effectOf(option) === "allow"
      ? { ...common, outcome: "answered", decision: "allow", option_id: option.id }
      : { ...common, outcome: "denied", decision: "deny", reason: "denied", option_id: option.id };
  }
  if (input.option_id !== undefined)
    throw new AnodeError("invalid_answer", `option_id is not part of the answer to a ${question.kind} question.`);
  if (question.kind === "acknowledge") {
    if (input.text !== undefined) throw new AnodeError("invalid_answer", "text is not part of an acknowledgement.");
    return { ...common, outcome: "answered" };
  }
  if (input.text === undefined || input.text.trim() === "") throw new AnodeError("invalid_answer", "text must not be blank.");
  return { ...common, outcome: "answered", text: input.text };
}

function declined(question: Question, { option_id, text }: AnswerInput): Answer {
  if (question.scope === "tool_permission")
    throw new AnodeError("invalid_answer", "An approval is not declined: choose the option that denies.");
  if (option_id !== undefined || text !== undefined)
    throw new AnodeError("invalid_answer", "decline goes with neither option_id nor text.");
  return endWithoutAnswer(question, "canceled");
}

/** The ending of a question nobody answered: an approval is denied with the true reason, others end as they are. */
export function endWithoutAnswer(question: Question, reason: DenyReason): Answer {
  if (question.scope === "tool_permission") return { outcome: "denied", decision: "deny", reason };
  return { outcome: reason === "timed_out" ? "timed_out" : "canceled", reason };
}

/** The ending at the deadline: the default answer where there is one. */
export function endAtDeadline(question: Question): Answer {
  if (question.default_answer === undefined) return endWithoutAnswer(question, "timed_out");
  if (question.scope === "tool_permission") {
    return { outcome: "denied", decision: "deny", reason: "timed_out", option_id: question.default_answer, defaulted: true };
  }
  const choice = question.kind === "choice";
  return { outcome: "answered", defaulted: true, ...(choice ? { option_id: question.default_answer } : { text: question.default_answer }) };
}

function got(value: string | undefined): string {
  return value === undefined ? "" : `, got ${JSON.stringify(value.slice(0, 64))}`;
}
