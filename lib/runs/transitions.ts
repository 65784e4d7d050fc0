import { AnodeError } from "../errors.js";
import type { RunStatus, RunSummary, Usage } from "./schema.js";

/** An event as the fold sees it: with its place, before its status is known. */
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
const allowedInQueue = new Set(["run.cancel_requested", "input.accepted", "input.withdrawn", "system.notice"]);
const endings: readonly string[] = ["completed", "failed", "canceled", "interrupted"];
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
  return endings.includes(status);
}

/** True for an event that ends a run. */
export function isTerminalEvent(type: string): boolean {
  return Object.hasOwn(terminalStatus, type);
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

function accepted(event: FoldedEvent): RunSummary {
  if (event.type !== "run.queued" || event.seq !== 1) {
    throw new AnodeError("internal", `The first event of a run must be run.queued, got ${event.type}.`);
  }
  const { payload } = event;
  return {
    status: "queued",
    label: payload["label"],
    profile: payload["profile"],
    prompt: payload["prompt"],
    started_at: event.time,
    approval_mode: payload["approval_mode"],
    executor: payload["executor"],
    origin: payload["origin"],
    key: payload["key"],
    priority: payload["priority"],
    ...pick(payload, requestFields),
    id: event.run_id,
    last_seq: event.seq,
  } as RunSummary;
}

function fromQueue(record: RunSummary, event: FoldedEvent): RunSummary {
  if (event.type === "run.started") return { ...record, status: "running" };
  if (endsFromQueue.has(event.type)) return ended(record, event);
  if (allowedInQueue.has(event.type)) return record;
  throw finished(record, event);
}

function ended(record: RunSummary, event: FoldedEvent): RunSummary {
  const { open_questions: _closed, ...rest } = record;
  return {
    ...rest,
    ...pick(event.payload, outcomeFields),
    status: terminalStatus[event.type] as RunStatus,
    ended_at: event.time,
    last_seq: event.seq,
  };
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
        ...pick(payload, ["session_id"]),
      };
    case "session.saved":
      return { ...record, ...pick(payload, ["session_id"]) };
    case "turn.started":
      return typeof payload["turn"] === "number" ? { ...record, num_turns: payload["turn"] } : record;
    case "usage.updated":
      return { ...record, usage: { ...record.usage, ...pick(payload, usageFields) } as Usage, ...pick(payload, ["cost_usd"]) };
    default:
      return record;
  }
}

function pick(payload: Readonly<Record<string, unknown>>, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const picked: Record<string, unknown> = {};
  for (const field of fields) if (payload[field] !== undefined) picked[field] = payload[field];
  return picked;
}

function finished(record: RunSummary, event: FoldedEvent): AnodeError {
  return new AnodeError("run_finished", `The run is ${record.status} and does not take ${event.type}.`, {
    details: { run_status: record.status },
  });
}
