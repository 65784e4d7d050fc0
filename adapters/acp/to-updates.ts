import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { SessionUpdate } from "./sdk.js";

type Payload = Readonly<Record<string, unknown>>;

/** Turns the events of a run into updates of an editor's session. */
export interface UpdateProjector {
  see(event: StreamEvent | Preview): void;
}

/** How events are shown. */
export interface ProjectorOptions {
  readonly tell: (update: SessionUpdate) => void;
  /** The client shows notices. */
  readonly takesNotices: boolean;
  /** Prompts are told too: the past of a session, not its present. */
  readonly isReplay: boolean;
  /** What the session's earlier runs cost, in USD. */
  readonly spentBefore: number;
}

const kinds: Readonly<Record<string, "read" | "fetch" | "edit" | "execute">> = {
  auto_read: "read",
  external_read: "fetch",
  confirm_write: "edit",
  confirm_execute: "execute",
};
const ownKinds = new Set(["read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode"]);

/** The kind of a call, for an editor's picture of it. */
export function kindOf(level: unknown, kind?: unknown) {
  if (typeof kind === "string" && ownKinds.has(kind)) return kind as "read";
  return (typeof level === "string" && kinds[level]) || "other";
}

/** A projector of one run. */
export function createUpdateProjector({ tell, takesNotices, isReplay, spentBefore }: ProjectorOptions): UpdateProjector {
  // How much of each growing text the editor has: what was shown cannot be taken back.
  const shown = new Map<string, number>();
  const output = new Map<string, string>();

  const grow =
    (sessionUpdate: "agent_message_chunk" | "agent_thought_chunk") =>
    ({ message_id, offset = 0, text }: Payload): void => {
      const id = String(message_id);
      const whole = String(text);
      const known = shown.get(id) ?? 0;
      const fresh = whole.slice(Math.max(0, known - Number(offset)));
      if (fresh === "" || Number(offset) > known) return;
      shown.set(id, known + fresh.length);
      tell({ sessionUpdate, messageId: id, content: { type: "text", text: fresh } });
    };
  const say = (text: string): void => tell({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
  const kindsOfEvent: Readonly<Record<string, (payload: Payload) => void>> = {
    "assistant.delta": grow("agent_message_chunk"),
    "assistant.message": grow("agent_message_chunk"),
    "reasoning.delta": grow("agent_thought_chunk"),
    "reasoning.message": grow("agent_thought_chunk"),
    "user.message": ({ text }) => {
      if (isReplay) tell({ sessionUpdate: "user_message_chunk", content: { type: "text", text: String(text) } });
    },
    "tool.call": ({ call_id, name, args, level, title, kind, locations }) =>
      tell({
        sessionUpdate: "tool_call",
        toolCallId: String(call_id),
        title: String(title ?? name),
        kind: kindOf(level, kind),
        status: "in_progress",
        rawInput: args,
        ...(Array.isArray(locations) && { locations: locations as { path: string }[] }),
      }),
    "tool.updated": ({ call_id, title, args, locations }) => {
      if (title === undefined && args === undefined && locations === undefined) return;
      tell({
        sessionUpdate: "tool_call_update",
        toolCallId: String(call_id),
        ...(title !== undefined && { title: String(title) }),
        ...(args !== undefined && { rawInput: args }),
        ...(Array.isArray(locations) && { locations: locations as { path: string }[] }),
      });
    },
    "tool.delta": ({ call_id, offset, text }) => {
      const id = String(call_id);
      const whole = ((output.get(id) ?? "").slice(0, Number(offset)) + String(text)).slice(-outputUnits);
      output.set(id, whole);
      tell({ sessionUpdate: "tool_call_update", toolCallId: id, content: [textContent(whole)] });
    },
    "tool.result": ({ call_id, ok, output: result, error, deny_reason }) => {
      const text = typeof result === "string" ? result : String(deny_reason ?? error ?? "");
      output.delete(String(call_id));
      tell({
        sessionUpdate: "tool_call_update",
        toolCallId: String(call_id),
        status: ok === true ? "completed" : "failed",
        ...(result !== undefined && { rawOutput: result }),
        ...(text !== "" && { content: [textContent(text)] }),
      });
    },
    "plan.updated": ({ entries }) => {
      if (Array.isArray(entries)) tell({ sessionUpdate: "plan", entries: (entries as Payload[]).map(toEntry) });
    },
    "usage.updated": ({ context, cost_usd }) => {
      const { used, size } = (context ?? {}) as { used?: number; size?: number };
      if (used === undefined || size === undefined) return;
      const cost = typeof cost_usd === "number" ? { amount: spentBefore + cost_usd, currency: "USD" } : undefined;
      tell({ sessionUpdate: "usage_update", used, size, ...(cost && { cost }) });
    },
    "system.notice": ({ level, code, text }) => {
      if (takesNotices) tell({ sessionUpdate: "notice", severity: String(level), title: String(text), _meta: { code } });
    },
    "process.output": ({ stream, text }) => {
      // What a foreign agent writes beside its messages is no part of the conversation.
      if (stream !== "stderr") say(String(text));
    },
  };
  return {
    see({ type, payload }) {
      if (Object.hasOwn(kindsOfEvent, type)) kindsOfEvent[type]?.(payload);
    },
  };
}

const outputUnits = 64 * 1024;

function textContent(text: string) {
  return { type: "content" as const, content: { type: "text" as const, text } };
}

function toEntry({ content, status, priority }: Payload) {
  const state = status === "completed" || status === "in_progress" ? status : "pending";
  const weight = priority === "high" || priority === "low" ? priority : "medium";
  return { content: String(content), status: state, priority: weight } as const;
}
