import { AnodeError } from "../errors.js";
import { eventsOfLines } from "../events/frame.js";
import type { StreamEvent } from "../events/event.js";
import { everyRecord } from "../store/every-record.js";
import type { Store, Stored } from "../store/store.js";
import { parseTime } from "../system-host.js";
import { runCollection, runStream } from "./active-run.js";
import type { CommandTemplate, NormalRequest, Supports } from "./normal-request.js";
import type { RecordedProcess } from "./options.js";
import type { RunSummary } from "./schema.js";

/** A run that had not ended when the former process died. */
export interface LeftRun {
  readonly record: RunSummary;
  readonly revision: number;
  readonly lastSeq: number;
  readonly notBeforeMs: number;
  /** What it was accepted with. */
  readonly queued: StreamEvent;
  readonly processes: readonly RecordedProcess[];
}

/** All runs without an end, oldest first. Cost follows their number, not the history. */
export async function findLeftRuns(store: Store): Promise<LeftRun[]> {
  const found: LeftRun[] = [];
  const where = { status: ["queued", "running", "waiting"] };
  for await (const item of everyRecord(store, runCollection, { where })) found.push(await readLeftRun(store, item));
  return found;
}

async function readLeftRun(store: Store, item: Stored): Promise<LeftRun> {
  const record = item.record as RunSummary;
  // The request is the first event and a process the executor's first: both stand in the first page.
  const first = await store.read(runStream(record.id), 0, 64 * 1024);
  const events = eventsOfLines(first.lines);
  const last = await store.read(runStream(record.id), Math.max(0, first.lastSeq - 1), 1);
  const lastEvent = eventsOfLines(last.lines).at(-1);
  const queued = events[0];
  if (!queued) throw new AnodeError("internal", `Run ${record.id} has no events.`);
  const processes = events.filter((event) => event.type === "process.started").map((event) => processOf(record.id, event.payload));
  return {
    record,
    revision: item.revision,
    lastSeq: first.lastSeq,
    notBeforeMs: parseTime(lastEvent?.time ?? queued.time),
    queued,
    processes,
  };
}

function processOf(run_id: string, payload: StreamEvent["payload"]): RecordedProcess {
  return { run_id, pid: Number(payload["pid"]), start_ticks: Number(payload["start_ticks"]), boot_id: String(payload["boot_id"]) };
}

/**
 * The request of a queued run, so that it can start after all; `undefined` when it cannot: what is secret in a request
 * (its environment, its standard input, a secret in its prompt) is never stored.
 */
export function requestOf(
  left: LeftRun,
  commands: Readonly<Record<string, CommandTemplate>>,
): { request: NormalRequest; supports: Supports } | undefined {
  const {
    supports,
    executor: _executor,
    origin: _origin,
    caller: _caller,
    label: _label,
    env_names,
    stdin_bytes,
    redacted,
    ...request
  } = left.queued.payload;
  if (env_names !== undefined || stdin_bytes !== undefined || redacted === true) return undefined;
  const command = request["command"];
  const template = typeof command === "string" ? commands[command] : undefined;
  if (command !== undefined && !template) return undefined;
  return { request: { ...request, ...(template && { template }) } as unknown as NormalRequest, supports: supports as Supports };
}
