import type { PermissionCall, Permissions } from "../permissions/schema.js";
import type { RunContext } from "../runs/executor.js";
import { messageOf } from "../thrown.js";
import type { Outbox } from "./outbox.js";
import { toPermissionCall } from "./permissions.js";
import { asFields, type Fields } from "./read.js";
import type { PermissionOption, RequestPermissionRequest, RequestPermissionResponse } from "./sdk.js";
import type { ToolCall, ToolCalls } from "./tool-calls.js";

/** What answers an agent's requests for permission. */
export interface PermissionParts {
  readonly context: RunContext;
  readonly outbox: Outbox;
  /** Takes the call as the request tells it: it may be the first that is heard of it. */
  see(told: Fields): ToolCall | undefined;
  readonly calls: ToolCalls;
  readonly permissions: Permissions;
  /** Hears of each call that may run. */
  allowed(call: PermissionCall): void;
}

const cancelled: RequestPermissionResponse = { outcome: { outcome: "cancelled" } };

/** Decides a request by the rules, asks where they say so, and answers with the option of the decided kind. */
export async function answerPermission(request: RequestPermissionRequest, parts: PermissionParts): Promise<RequestPermissionResponse> {
  const { calls, context, see } = parts;
  const call = see(asFields(request.toolCall) ?? {});
  if (!call || context.signal.aborted) return cancelled;
  const asked = toPermissionCall(call);
  const reason = await reasonAgainst(call, asked, parts);
  // Whatever was answered meanwhile: a run that ends lets nothing begin.
  if (context.signal.aborted) return cancelled;
  const once = request.options.find(({ kind }) => kind === "allow_once");
  if (reason === undefined && once) {
    parts.allowed(asked);
    return selected(once);
  }
  calls.deny(call.call_id, reason ?? "The agent offers no way to allow this once.");
  const reject = request.options.find(({ kind }) => kind === "reject_once") ?? request.options.find(({ kind }) => kind === "reject_always");
  return reject ? selected(reject) : cancelled;
}

/** Why the call may not run; `undefined` when it may. Whatever goes wrong denies. */
async function reasonAgainst(call: ToolCall, asked: PermissionCall, parts: PermissionParts): Promise<string | undefined> {
  const { context, outbox, permissions } = parts;
  try {
    const verdict = await permissions.decide(asked);
    if (verdict.action !== "ask") {
      outbox.emit("tool.updated", { call_id: call.call_id, decision: verdict.action, decided_by: "policy" });
      return verdict.action === "allow" ? undefined : verdict.reason;
    }
    const answer = await untilAbort(context.signal, context.ask(toQuestion(call, verdict.metadata)));
    if (answer?.outcome !== "answered" || answer.decision !== "allow") return answer?.message ?? answer?.reason ?? "canceled";
    if (answer.option_id === "allow_always") await permissions.grant(asked);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function toQuestion(call: ToolCall, metadata: Readonly<Record<string, unknown>> | undefined) {
  const { call_id, name, level, args, title, diffs } = call;
  return {
    kind: "choice" as const,
    scope: "tool_permission" as const,
    // Some agents' titles are a path or a command alone: what is to be done with it, the name says.
    prompt: (title === undefined ? `Allow ${name}?` : `Allow ${name}? ${title}`).slice(0, promptUnits),
    tool: {
      call_id: call_id.slice(0, idUnits),
      name: name.slice(0, idUnits),
      level,
      args,
      ...(title !== undefined && { title }),
      ...(diffs.length > 0 && { diff: diffs.map(toText).join("\n").slice(0, diffUnits) }),
    },
    ...(metadata && { metadata }),
  };
}

const promptUnits = 8_000;
const idUnits = 256;
const diffUnits = 64 * 1024;

/** The whole change, for people: what goes and what comes. */
function toText({ path, before, after }: ToolCall["diffs"][number]): string {
  const lines = (text: string, mark: string): string[] =>
    text === ""
      ? []
      : text
          .replace(/\n$/, "")
          .split("\n")
          .map((line) => mark + line);
  return [`--- ${before === undefined ? "/dev/null" : path}`, `+++ ${path}`, ...lines(before ?? "", "-"), ...lines(after, "+")].join("\n");
}

function selected({ optionId }: PermissionOption): RequestPermissionResponse {
  return { outcome: { outcome: "selected", optionId } };
}

/** The answer, or `undefined` as soon as the run is to end. */
function untilAbort<Value>(signal: AbortSignal, answer: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    answer.then(resolve, reject);
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
