import type { Clock } from "../host.js";
import type { EventPayloads } from "../events/event-payloads.js";
import type { PermissionDenial } from "../runs/event-payloads.js";
import { changedLines } from "./changed-lines.js";
import type { ToolLevel } from "../permissions/schema.js";
import type { Outbox } from "./outbox.js";
import { asCount, asFields, asList, asText, type Fields } from "./read.js";
import { levelOf } from "./tool-level.js";

/** One call of a tool, as far as the agent has told of it. */
export interface ToolCall {
  readonly call_id: string;
  readonly name: string;
  readonly level: ToolLevel;
  readonly kind?: string;
  readonly title?: string;
  readonly args: Fields;
  readonly locations: readonly { readonly path: string; readonly line?: number }[];
  readonly diffs: readonly Diff[];
  /** Text of the call's content. */
  readonly text: string;
  readonly sinceMs: number;
  /** Why it was not allowed to run. */
  readonly denied?: string;
}

/** A file as the call changes it. */
export interface Diff {
  readonly path: string;
  /** Absent for a new file. */
  readonly before?: string;
  readonly after: string;
}

/** The calls of one run that have not ended. */
export interface ToolCalls {
  /** Takes a `tool_call`, a `tool_call_update` or the call of a permission request. After a call's end only an update is late. */
  see(told: Fields, isUpdate?: boolean): ToolCall | undefined;
  deny(callId: string, reason: string): void;
  /** The calls that were not allowed to run. */
  readonly denials: readonly PermissionDenial[];
  /** Ends what is still open: the agent will say no more of it. */
  finish(): void;
}

/** An event holds 256 KiB at most, so more of a call's text is never needed. */
const textUnits = 256 * 1024;

/** Follows the calls of one run and tells of them. */
export function createToolCalls(outbox: Outbox, clock: Clock): ToolCalls {
  const open = new Map<string, ToolCall>();
  const ended = new Set<string>();
  const denials: PermissionDenial[] = [];

  function announce(call: ToolCall): void {
    const { call_id, name, args, level, title, kind, locations } = call;
    outbox.emit("tool.call", {
      call_id,
      name,
      args,
      level,
      ...(title !== undefined && { title }),
      ...(kind !== undefined && { kind }),
      ...(locations.length > 0 && { locations }),
    });
  }

  function tellChanges(before: ToolCall, now: ToolCall): void {
    const changed = Object.fromEntries(
      (["title", "args", "locations"] as const).flatMap((field) =>
        now[field] !== undefined && !isSame(before[field], now[field]) ? [[field, now[field]]] : [],
      ),
    );
    if (Object.keys(changed).length > 0) outbox.emit("tool.updated", { call_id: now.call_id, ...changed });
    if (now.text === before.text) return;
    const offset = commonStart(before.text, now.text);
    outbox.preview("tool.delta", { call_id: now.call_id, offset, text: now.text.slice(offset) });
  }

  function end(call: ToolCall, told: { readonly ok: boolean; readonly output?: unknown; readonly error?: string }): void {
    open.delete(call.call_id);
    ended.add(call.call_id);
    const { call_id, name, denied } = call;
    if (denied !== undefined && !told.ok) denials.push({ call_id, tool: name, reason: denied });
    outbox.emit("tool.result", {
      call_id,
      name,
      ok: told.ok,
      ...(told.output !== undefined && { output: told.output }),
      ...(told.error !== undefined && { error: told.error }),
      ...(denied !== undefined && !told.ok && { denied: true, deny_reason: denied }),
      duration_ms: Math.round(clock.monotonic() - call.sinceMs),
    });
    if (told.ok) for (const diff of call.diffs) outbox.emit("file.changed", { call_id, ...changeOf(diff, call.kind) });
  }

  return {
    denials,
    see(told, isUpdate = false) {
      const call_id = asText(told["toolCallId"]);
      if (call_id === undefined || (isUpdate && ended.has(call_id))) return undefined;
      const before = open.get(call_id);
      const call = merge(before ?? emptyCall(call_id, told, clock.monotonic()), told);
      open.set(call_id, call);
      if (before) tellChanges(before, call);
      else announce(call);
      const status = told["status"];
      if (status !== "completed" && status !== "failed") return call;
      const raw = told["rawOutput"];
      const output = raw !== undefined && raw !== null ? raw : call.text === "" ? undefined : call.text;
      end(call, {
        ok: status === "completed",
        ...(output !== undefined && { output }),
        ...(status === "failed" && { error: call.text || asText(raw) || "The tool failed." }),
      });
      return call;
    },
    deny(callId, reason) {
      const call = open.get(callId);
      if (call) open.set(callId, { ...call, denied: reason });
    },
    finish() {
      for (const call of open.values()) end(call, { ok: false, error: call.denied === undefined ? "no result reported" : "denied" });
      // Some agents count their calls anew for each prompt.
      ended.clear();
    },
  };
}

function emptyCall(call_id: string, told: Fields, sinceMs: number): ToolCall {
  const name = asText(told["name"]) || asText(told["kind"]) || "other";
  return { call_id, name, level: levelOf(undefined), args: {}, locations: [], diffs: [], text: "", sinceMs };
}

/** The call with what is told anew: a list replaces the list before it. */
function merge(call: ToolCall, told: Fields): ToolCall {
  const kind = asText(told["kind"]);
  const title = asText(told["title"]);
  const args = asFields(told["rawInput"]);
  const locations = Array.isArray(told["locations"]) ? asList(told["locations"]).flatMap(toLocation) : undefined;
  const content = Array.isArray(told["content"]) ? asList(told["content"]) : undefined;
  // A change that was shown before it was allowed is not always told again.
  const diffs = content?.flatMap(toDiff) ?? [];
  return {
    ...call,
    ...(kind !== undefined && { kind, level: levelOf(kind) }),
    ...(title !== undefined && { title }),
    ...(args && { args }),
    ...(locations && { locations }),
    ...(content && { text: textOf(content) }),
    ...(diffs.length > 0 && { diffs }),
  };
}

function toLocation({ path, line }: Fields): ToolCall["locations"][number][] {
  const [place, number] = [asText(path), asCount(line)];
  return place === undefined ? [] : [{ path: place, ...(number !== undefined && { line: number }) }];
}

function textOf(content: readonly Fields[]): string {
  return content
    .flatMap((item) => (item["type"] === "content" ? (asText(asFields(item["content"])?.["text"]) ?? []) : []))
    .join("\n")
    .slice(0, textUnits);
}

function toDiff({ type, path, oldText, newText }: Fields): Diff[] {
  // Some agents give a new file an empty past, others none.
  const [place, before, after] = [asText(path), asText(oldText) || undefined, asText(newText)];
  if (type !== "diff" || place === undefined || after === undefined) return [];
  return [{ path: place, after, ...(before !== undefined && { before }) }];
}

function changeOf({ path, before, after }: Diff, kind: string | undefined): EventPayloads["file.changed"] {
  const change = before === undefined ? "created" : kind === "delete" ? "deleted" : "modified";
  return { path, change, ...changedLines(before ?? "", after) };
}

function commonStart(before: string, now: string): number {
  let at = 0;
  while (at < before.length && before[at] === now[at]) at += 1;
  return at;
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
