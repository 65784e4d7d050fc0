import type { AnswerInput, Question } from "../../lib/questions/schema.js";

/** What a person types for the options of an approval; an agent's hook asks without "once". */
const letters: Readonly<Record<string, readonly string[]>> = { y: ["allow_once", "allow"], n: ["deny"], a: ["allow_always"] };

/** The answer that was typed: an option by its id, its number or its letter, or a text; `undefined` when it is none of these. */
export function readAnswer(question: Question, typed: string): AnswerInput | undefined {
  const word = typed.trim();
  if (question.kind === "acknowledge") return {};
  if (question.kind === "text") return word === "" ? undefined : { text: typed };
  const options = question.options ?? [];
  const lettered = question.scope === "tool_permission" ? (letters[word.toLowerCase()] ?? []) : [];
  const option =
    options.find(({ id }) => id === word) ??
    options.find(({ id }) => lettered.includes(id)) ??
    (/^\d+$/.test(word) ? options[Number(word) - 1] : undefined);
  return option && { option_id: option.id };
}

/** The question as lines for a person, with what can be typed; a peer that asks goes by its name where that is known. */
export function describeQuestion(question: Question, peerName?: string): string {
  const { kind, scope, options = [] } = question;
  const lines = [`${askerOf(question, peerName)} asks: ${question.prompt}`];
  const { tool = "", input, truncated } = question.metadata ?? {};
  if (typeof input === "string") lines.push(`  ${String(tool)} ${input}${truncated === true ? "…" : ""}`);
  if (question.tool) lines.push(`  ${question.tool.name} ${JSON.stringify(question.tool.args)}`);
  if (question.tool?.diff !== undefined) lines.push(question.tool.diff);
  if (kind === "acknowledge") return [...lines, "Press Enter to acknowledge."].join("\n");
  if (kind === "text") return [...lines, "Type an answer and press Enter."].join("\n");
  if (scope === "tool_permission") return [...lines, ...lastingRule(question), `Allow? ${lettersOf(question)}`].join("\n");
  const choices = options.map(
    ({ title, description }, at) => `  ${at + 1}  ${title}${description === undefined ? "" : `: ${description}`}`,
  );
  return [...lines, ...choices, "Type a number and press Enter."].join("\n");
}

function askerOf({ run_id, from_peer_id, origin }: Question, peerName = from_peer_id): string {
  return run_id ?? peerName ?? origin ?? "Somebody";
}

/** What would allow the call for good: one line of JSON, ready to be pasted. */
function lastingRule({ metadata }: Question): string[] {
  const rule = metadata?.["rule"];
  return rule === undefined ? [] : ["To allow it from now on, add this to permissions in the configuration:", JSON.stringify(rule)];
}

function lettersOf({ options = [] }: Question): string {
  const offered = Object.entries(letters).flatMap(([letter, ids]) => {
    const option = options.find(({ id }) => ids.includes(id));
    return option ? [`${letter} (${option.title})`] : [];
  });
  return offered.join(", ");
}
