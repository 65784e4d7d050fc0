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
  /** Aborts when the question was closed otherwise. */
  readonly signal: AbortSignal;
}

/** Puts a question of a run to the editor and hands its answer back. A cancelled or lost approval denies. */
export async function putQuestion(question: Question, parts: QuestionParts): Promise<void> {
  const { client, signal } = parts;
  const { run_id: id = "", question_id, digest } = question;
  const given = await ask(question, parts).catch(() => undefined);
  const answer = given ?? (question.scope === "tool_permission" ? { option_id: denying(question) } : undefined);
  if (!answer || signal.aborted) return;
  // Somebody else may have been faster, or the run has ended.
  await client.runs.answer({ id, question_id, digest, ...answer }).catch(() => {});
}

type Given = { readonly option_id: string } | { readonly text: string } | undefined;

async function ask(question: Question, { editor, sessionId, takesForms, signal }: QuestionParts): Promise<Given> {
  const options = { cancellationSignal: signal, stopWaitingOnCancel: true };
  if (question.kind === "choice") {
    const request = toPermission(question, sessionId);
    const { outcome } = await editor.request("session/request_permission", request, options);
    return outcome.outcome === "selected" ? { option_id: outcome.optionId } : undefined;
  }
  if (question.kind !== "text" || !takesForms) return undefined;
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
