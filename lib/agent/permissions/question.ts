import type { Answer, QuestionInput } from "../../questions/schema.js";
import { cutText } from "../tools/cut-text.js";
import { commandOf, type JudgedCall } from "./judged-call.js";
import { suggestRule } from "./suggest-rule.js";

const textBytes = 16 * 1024;
const diffBytes = 64 * 1024;

const options = [
  { id: "allow_once", title: "Allow once", effect: "allow" as const },
  { id: "allow_always", title: "Allow for the rest of this run", effect: "allow" as const },
  { id: "deny", title: "Deny", effect: "deny" as const },
];

/** The approval of a call, as the approvers see it. */
export function approvalQuestion(call: JudgedCall, diff: string | undefined): QuestionInput {
  const title = titleOf(call);
  const rule = suggestRule(call);
  return {
    kind: "choice",
    scope: "tool_permission",
    prompt: `Allow ${call.name}? ${title}`.slice(0, 8000),
    options,
    tool: {
      call_id: call.call_id.slice(0, 256),
      name: call.name.slice(0, 256),
      level: call.level,
      args: Object.fromEntries(Object.entries(call.args).map(([name, value]) => [name, shown(value)])),
      title,
      ...(diff !== undefined && { diff: cutText(diff, diffBytes) }),
    },
    ...(rule && { metadata: { rule } }),
  };
}

/** What an answer means: only a recorded allow allows. */
export function readAnswer(
  answer: Answer,
): { readonly allow: true; readonly always: boolean } | { readonly allow: false; readonly reason: string } {
  if (
    answer.outcome === "answered" &&
    answer.decision === "allow" &&
    (answer.option_id === "allow_once" || answer.option_id === "allow_always")
  ) {
    return { allow: true, always: answer.option_id === "allow_always" };
  }
  // Who denies may say why; that tells more than that it was denied.
  return { allow: false, reason: answer.message || (answer.reason ?? "denied") };
}

/** One line that says what the call does. */
function titleOf(call: JudgedCall): string {
  const command = commandOf(call);
  if (command !== undefined) return cutLine(command);
  if (call.paths.length > 0) return cutLine(call.paths.map(({ relative, real }) => relative ?? real).join(", "));
  return cutLine(JSON.stringify(call.args));
}

function cutLine(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200).toWellFormed()}…`;
}

/** A long text is cut: the diff shows what an edit does, and an event has its bounds. */
function shown(value: unknown): unknown {
  if (typeof value === "string") return cutText(value, textBytes);
  const json = JSON.stringify(value);
  return json !== undefined && Buffer.byteLength(json) > textBytes ? cutText(json, textBytes) : value;
}
