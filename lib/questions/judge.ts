import { AnodeError, invalidRequest, type Issue } from "../errors.js";
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
  if (input.kind === "choice" && ids.length === 0) throw refusal("options", "required", "must name at least one option for a choice");
  if (input.kind !== "choice" && ids.length > 0) throw refusal("options", "conflict", "are only for a choice");
  if (new Set(ids).size !== ids.length) throw refusal("options", "conflict", "must have unique ids");
  if (input.scope === "tool_permission") checkApproval(input);
  if (input.kind === "choice" && input.default_answer !== undefined && !ids.includes(input.default_answer)) {
    throw refusal("default_answer", "format", "must be the id of an option");
  }
}

function checkApproval(input: QuestionInput): void {
  if (input.kind !== "choice") throw refusal("kind", "conflict", "must be choice for a tool_permission");
  const open = (input.options ?? []).findIndex((option) => effectOf(option) === undefined);
  if (open >= 0) throw refusal(`options.${open}.effect`, "required", "must say allow or deny");
  const fallback = input.options?.find((option) => option.id === input.default_answer);
  if (fallback && effectOf(fallback) === "allow") {
    throw new AnodeError("default_not_denying", "default_answer of a tool_permission may only deny.");
  }
}

function refusal(path: string, code: Issue["code"], message: string): AnodeError {
  return invalidRequest([{ path, code, message }]);
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
  const { outcome = "answered" } = input;
  if (outcome === "answered") return { ...common, ...answered(question, input) };
  const extra = (["option_id", "text"] as const).find((name) => input[name] !== undefined);
  if (extra) throw new AnodeError("invalid_answer", `${extra} is not part of an answer that is ${outcome}.`);
  if (outcome === "acknowledged") return { ...common, ...acknowledged(question) };
  // An approval ends answered or denied, whatever its answerer calls it.
  if (question.scope === "tool_permission") return { ...common, outcome: "denied", decision: "deny", reason: outcome };
  return { ...common, outcome, reason: outcome };
}

function answered(question: Question, input: AnswerInput): Answer {
  if (question.kind === "choice") return chosen(question, input);
  if (input.option_id !== undefined)
    throw new AnodeError("invalid_answer", `option_id is not part of the answer to a ${question.kind} question.`);
  if (question.kind === "acknowledge") {
    if (input.text !== undefined) throw new AnodeError("invalid_answer", "text is not part of an acknowledgement.");
    return { outcome: "answered" };
  }
  if (input.text === undefined || input.text.trim() === "") throw new AnodeError("invalid_answer", "text must not be blank.");
  return { outcome: "answered", text: input.text };
}

function chosen(question: Question, input: AnswerInput): Answer {
  const option = question.options?.find((candidate) => candidate.id === input.option_id);
  if (!option) throw invalidOption(question, input.option_id);
  if (input.text !== undefined) throw new AnodeError("invalid_answer", "text is not part of the answer to a choice.");
  if (question.scope !== "tool_permission") return { outcome: "answered", option_id: option.id };
  return effectOf(option) === "allow"
    ? { outcome: "answered", decision: "allow", option_id: option.id }
    : { outcome: "denied", decision: "deny", reason: "denied", option_id: option.id };
}

/** That it was read is an answer to everything but a text; to an approval it is none that allows. */
function acknowledged(question: Question): Answer {
  if (question.scope === "tool_permission") return { outcome: "denied", decision: "deny", reason: "denied" };
  if (question.kind === "text") throw new AnodeError("invalid_answer", "text must not be blank.");
  if (question.kind === "choice" && question.scope === "mesh_ask") throw invalidOption(question, undefined);
  return { outcome: "answered" };
}

function invalidOption(question: Question, given: string | undefined): AnodeError {
  const listed = (question.options ?? []).map((candidate) => candidate.id).join(", ");
  return new AnodeError("invalid_option", `option_id must be one of ${listed}${got(given)}.`);
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
