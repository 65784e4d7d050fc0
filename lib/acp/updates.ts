import type { EventPayloads } from "../events/event-payloads.js";
import { createGrowingText, type GrowingText, type Voice } from "./growing-text.js";
import type { Outbox } from "./outbox.js";
import { asFields, asList, asText, at, type Fields } from "./read.js";
import type { ToolCall, ToolCalls } from "./tool-calls.js";
import type { UsageMeter } from "./usage.js";

/** Turns what an agent tells of its work into events of the run. */
export interface Updates {
  /** Takes the parameters of a `session/update`. */
  see(params: unknown): void;
  /** Takes one that tells of the past: only what it cost matters. */
  replayed(params: unknown): void;
  /** A call of a tool, told by an update or by a request for permission. */
  call(told: Fields): ToolCall | undefined;
  /** Something that is no update we know. */
  stray(data: unknown): void;
  readonly text: GrowingText;
  /** The agent says that it cannot go on, though it does not fail its prompt. */
  readonly isBroken: boolean;
}

/** What updates go to beside the events. */
export interface UpdateParts {
  readonly outbox: Outbox;
  readonly calls: ToolCalls;
  readonly usage: UsageMeter;
}

type Kind = (update: Fields) => unknown;

/** The updates of one run. */
export function createUpdates({ outbox, calls, usage }: UpdateParts): Updates {
  const text = createGrowingText(outbox);
  let isBroken = false;
  const raw = (data: unknown): void => outbox.emit("agent.raw", { source: "acp", data });

  const chunk =
    (voice: Voice): Kind =>
    (update) => {
      const content = asFields(update["content"]);
      const said = asText(content?.["text"]);
      if (content?.["type"] !== "text" || said === undefined) return raw(update);
      text.grow(voice, said, asText(update["messageId"]));
    };
  const call = (told: Fields): ToolCall | undefined => {
    text.finish();
    if (asText(told["toolCallId"]) === undefined) raw(told);
    return calls.see(told, told["sessionUpdate"] === "tool_call_update");
  };
  const kept: Kind = () => {};
  const kinds: Readonly<Record<string, Kind>> = {
    agent_message_chunk: chunk("assistant"),
    agent_thought_chunk: chunk("reasoning"),
    // We tell of our own prompts ourselves.
    user_message_chunk: kept,
    tool_call: call,
    tool_call_update: call,
    plan: (update) => outbox.emit("plan.updated", { entries: asList(update["entries"]).flatMap(toEntry) }),
    usage_update: (update) => usage.see(update),
    notice: (update) => outbox.emit("system.notice", toNotice(update)),
    compaction_update: (update) => {
      if (update["status"] === "completed") outbox.emit("context.compacted", { trigger: "agent" });
    },
    compaction_summary_chunk: kept,
    current_mode_update: kept,
    config_option_update: kept,
    available_commands_update: kept,
    session_info_update: (update) => {
      const state = at(update, "_meta", "codex", "threadStatus", "type");
      if (state !== undefined) isBroken = state === "systemError";
    },
  };

  return {
    text,
    call,
    stray: raw,
    replayed(params) {
      const told = asFields(at(params, "update"));
      if (told?.["sessionUpdate"] === "usage_update") usage.spentBefore(told);
    },
    see(params) {
      const told = asFields(at(params, "update"));
      const kind = asText(told?.["sessionUpdate"]) ?? "";
      if (told && Object.hasOwn(kinds, kind)) kinds[kind]?.(told);
      else raw(params);
    },
    get isBroken() {
      return isBroken;
    },
  };
}

function toEntry({ content, status, priority }: Fields): EventPayloads["plan.updated"]["entries"] {
  const [what, state, weight] = [asText(content), asText(status), asText(priority)];
  return what === undefined ? [] : [{ content: what, status: state ?? "pending", ...(weight !== undefined && { priority: weight }) }];
}

function toNotice({ severity, title, description }: Fields): EventPayloads["system.notice"] {
  const level = severity === "warning" || severity === "error" ? severity : "info";
  const text = [asText(title), asText(description)].filter((part) => part !== undefined && part !== "").join(": ");
  return { level, code: "agent_notice", text: text || "The agent gives notice without a text." };
}
