import type { Question } from "../../lib/questions/schema.js";
import type { RunsClient } from "./runs-client.js";
import type { AgentContext, RequestPermissionRequest } from "./sdk.js";
import { kindOf } from "./to-updates.js";

/** What a question is put to. */
export interface QuestionParts {
  readonly client: RunsClient;
  readonly editor: AgentContext;
  readonly sessionId: string;
  /** The editor shows forms. */
  readonly takesForms: boolean;
  /** Says something to the person at the editor. */
  say(text: string): void;
  /** Aborts when the question was closed otherwise. */
  readonly signal: AbortSignal;
}

/** Puts a question of a run to the editor and hands its answer back. Without one an approval is denied and another question ends at once. */
export async function putQuestion(question: Question, parts: QuestionParts): Promise<void> {
  const { client, signal } = parts;
  const { run_id: id = "", question_id, digest } = question;
  const given = canShow(question, parts) ? await ask(question, parts).catch(() => undefined) : unshown(question, parts);
  const answer = given ?? (question.scope === "tool_permission" ? { option_id: denying(question) } : { outcome: "canceled" as const });
  if (signal.aborted) return;
  // Somebody else may have been faster, or the run has ended.
  await client.runs.answer({ id, question_id, digest, ...answer }).catch(() => {});
}

type Given = { readonly option_id: string } | { readonly text: string } | undefined;

function canShow({ kind }: Question, { takesForms }: QuestionParts): boolean {
  return kind === "choice" || (kind === "text" && takesForms);
}

/** Nobody waits for an answer that cannot be given here: the agent hears why, the person what was asked. */
function unshown({ prompt }: Question, { say }: QuestionParts): { readonly outcome: "canceled"; readonly message: string } {
  say(
    `\n\nThe agent asks: ${prompt}\n\nThis editor shows no form for the answer, so the agent goes on without it. Answer with your next prompt.\n\n`,
  );
  return { outcome: "canceled", message: "The editor shows no form for an answer; ask in your reply, or offer options to choose from." };
}

async function ask(question: Question, { editor, sessionId, signal }: QuestionParts): Promise<Given> {
  const options = { cancellationSignal: signal, stopWaitingOnCancel: true };
  if (question.kind === "choice") {
    const request = toPermission(question, sessionId);
    const { outcome } = await editor.request("session/request_permission", request, options);
    return outcome.outcome === "selected" ? { option_id: outcome.optionId } : undefined;
  }
  const { prompt: message } = question;
  const requestedSchema = { type: "object" as const, properties: { answer: { type: "string" as const } }, required: ["answer"] };
  const reply = await editor.request("elicitation/create", { mode: "form", sessionId, message, requestedSchema }, options);
  const text = reply.action === "accept" ? (reply as { content?: Record<string, unknown> }).content?.["answer"] : undefined;
  return typeof text === "string" && text.trim() !== "" ? { text } : undefined;
}

function toPermission(question: Question, sessionId: string): RequestPermissionRequest {
  const { tool, prompt, question_id, options = [] } = question;
  const isApproval = question.scope === "tool_permission";
  return {
    sessionId,
    toolCall: {
      toolCallId: tool?.call_id ?? question_id,
      title: tool?.title ?? prompt,
      kind: tool ? kindOf(tool.level) : "other",
      ...(tool && { rawInput: tool.args }),
      ...(tool?.diff !== undefined && { content: [{ type: "content", content: { type: "text", text: tool.diff } }] }),
    },
    options: options.map(({ id, title, effect }) => ({
      optionId: id,
      name: title,
      kind: isApproval ? kindOfOption(id, effect) : "allow_once",
    })),
  };
}

function kindOfOption(id: string, effect: "allow" | "deny" | undefined) {
  if (id === "allow_always") return "allow_always";
  return effect === "deny" || id === "deny" ? "reject_once" : "allow_once";
}

function denying({ options = [] }: Question): string {
  return options.find(({ id, effect }) => id === "deny" || effect === "deny")?.id ?? "deny";
}
