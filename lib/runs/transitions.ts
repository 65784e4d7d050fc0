import { AnodeError } from "../errors.js";
import type { RunStatus, RunSummary, Usage } from "./schema.js";

/** An event of a run as the fold sees it: with its place, before its status is known. */
export interface FoldedEvent {
  readonly run_id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly seq: number;
  readonly time: string;
}

const terminalStatus: Readonly<Record<string, RunStatus>> = {
  "run.completed": "completed",
  "run.failed": "failed",
  "run.canceled": "canceled",
  "run.interrupted": "interrupted",
};
const endsFromQueue = new Set(["run.failed", "run.canceled", "run.interrupted"]);
const allowedInQueue = new Set([
  "run.cancel_requested",
  "run.child_started",
  "run.child_ended",
  "input.accepted",
  "input.withdrawn",
  "system.notice",
]);
const endings: ReadonlySet<string> = new Set(Object.values(terminalStatus));
/** Fields of the terminal payload that the record takes over as they are. */
const outcomeFields = [
  "stop_reason",
  "duration_ms",
  "result",
  "error",
  "error_code",
  "num_turns",
  "usage",
  "cost_usd",
  "exit_code",
  "signal",
  "session_id",
] as const;
const usageFields = [
  "input_tokens",
  "output_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "reasoning_tokens",
] as const;
/** Fields of `run.queued` that the record takes over as they are. */
const requestFields = [
  "model",
  "max_turns",
  "cwd",
  "session_id",
  "keep_open",
  "parent_id",
  "cancel_policy",
  "tools",
  "budget",
  "metadata",
] as const;

/** True for a status that is never left. */
export function isTerminal(status: string): boolean {
  return endings.has(status);
}

/** True for an event that ends a run. */
export function isTerminalEvent(type: string): boolean {
  return Object.hasOwn(terminalStatus, type);
}

/** Types of an executor that its record tells of; every other one leaves the record of a started run as it is. */
const telling = new Set(["system.init", "session.saved", "turn.started", "usage.updated"]);

/** True for an event that cannot change the record of a run in this status; most of a run's events are such. */
export function leavesRecord(status: RunStatus, type: string): boolean {
  return (status === "running" || status === "waiting") && !type.startsWith("run.") && !type.startsWith("question.") && !telling.has(type);
}

/**
 * The record after one more event: the only place where a status changes. It answers the same object when the event
 * changes nothing in it.
 * @throws `run_finished` when the record is terminal or its status does not take the event
 */
export function transition(record: RunSummary | undefined, event: FoldedEvent): RunSummary {
  if (!record) return accepted(event);
  if (isTerminal(record.status)) throw finished(record, event);
  if (record.status === "queued") return fromQueue(record, event);
  if (isTerminalEvent(event.type)) {
    if (record.status !== "running") throw finished(record, event);
    return ended(record, event);
  }
  switch (event.type) {
    case "run.queued":
    case "run.started":
      throw finished(record, event);
    case "question.asked":
      return { ...record, status: "waiting", open_questions: (record.open_questions ?? 0) + 1 };
    case "question.closed":
      return questionClosed(record);
    default:
      return progressed(record, event);
  }
}

function accepted({ run_id, type, seq, time, payload }: FoldedEvent): RunSummary {
  if (type !== "run.queued" || seq !== 1) {
    throw new AnodeError("internal", `The first event of a run must be run.queued, got ${type}.`);
  }
  const record: Record<string, unknown> = {
    id: run_id,
    status: "queued",
    profile: payload["profile"],
    label: payload["label"],
    prompt: payload["prompt"],
    started_at: time,
    approval_mode: payload["approval_mode"],
    executor: payload["executor"],
    origin: payload["origin"],
    key: payload["key"],
    priority: payload["priority"],
  };
  take(record, payload, requestFields);
  record["last_seq"] = seq;
  return record as RunSummary;
}

function fromQueue(record: RunSummary, event: FoldedEvent): RunSummary {
  if (event.type === "run.started") return { ...record, status: "running", last_seq: event.seq };
  if (endsFromQueue.has(event.type)) return ended(record, event);
  if (allowedInQueue.has(event.type)) return record;
  throw finished(record, event);
}

function ended(record: RunSummary, event: FoldedEvent): RunSummary {
  const next: Record<string, unknown> = { ...record };
  next["status"] = terminalStatus[event.type];
  next["ended_at"] = event.time;
  take(next, event.payload, outcomeFields);
  next["last_seq"] = event.seq;
  return next as RunSummary;
}

function questionClosed(record: RunSummary): RunSummary {
  const { open_questions = 0, ...rest } = record;
  return open_questions > 1 ? { ...record, open_questions: open_questions - 1 } : { ...rest, status: "running" };
}

/** What an executor's own events tell about the run. */
function progressed(record: RunSummary, event: FoldedEvent): RunSummary {
  const { payload } = event;
  switch (event.type) {
    case "system.init":
      return {
        ...record,
        ...(typeof payload["active_model"] === "string" && { model: payload["active_model"] }),
        ...picked(payload, ["session_id"]),
      };
    case "session.saved":
      return { ...record, ...picked(payload, ["session_id"]) };
    case "turn.started":
      return typeof payload["turn"] === "number" ? { ...record, num_turns: payload["turn"] } : record;
    case "usage.updated":
      return { ...record, usage: { ...record.usage, ...picked(payload, usageFields) } as Usage, ...picked(payload, ["cost_usd"]) };
    default:
      return record;
  }
}

/** Copies the fields that are there. */
function take(record: Record<string, unknown>, payload: FoldedEvent["payload"], fields: readonly string[]): void {
  for (const field of fields) {
    const value = payload[field];
    if (value !== undefined) record[field] = value;
  }
}

function picked(payload: FoldedEvent["payload"], fields: readonly string[]): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  take(found, payload, fields);
  return found;
}

function finished(record: RunSummary, event: FoldedEvent): AnodeError {
  return new AnodeError("run_finished", `The run is ${record.status} and does not take ${event.type}.`, {
    details: { run_status: record.status },
  });
}
