import type { Caller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { StreamEvent } from "../events/event.js";
import { Journal, type Redact } from "../events/journal.js";
import { Readers } from "../events/readers.js";
import { createRingBuffer } from "../events/ring-buffer.js";
import { createIds } from "../ids.js";
import { Desk } from "../questions/desk.js";
import { IdempotencyKeys } from "../store/idempotency.js";
import { createMemoryStore } from "../store/memory-store.js";
import { systemHost } from "../system-host.js";
import type { AcceptRules } from "./accept.js";
import type { ActiveRun, RunPorts } from "./active-run.js";
import { ActiveRuns } from "./active-runs.js";
import { Admission } from "./admission.js";
import type { RunHandle } from "./executor.js";
import { Feed } from "./feed.js";
import { FollowUps } from "./follow-ups.js";
import { Keeper } from "./keeper.js";
import { Listeners } from "./listeners.js";
import { checkOptions, type RunManagerOptions } from "./options.js";
import { Presence } from "./presence.js";
import { builtInProfiles } from "./profiles.js";
import { createRunContext } from "./run-context.js";
import { RunQuestions } from "./run-questions.js";
import { RunRecords } from "./run-records.js";
import { descendantsOf } from "./run-tree.js";
import type { RunRequest, RunSummary } from "./schema.js";
import { Space } from "./space.js";
import { Starter } from "./starter.js";
import { RunStreams } from "./streams.js";

/** Where a manager stands between its beginning and its end. */
export interface Life {
  state: "new" | "opening" | "open" | "closing" | "closed";
}

/** @throws `not_open`, `shutting_down` */
export function assertOpen({ state }: Life): void {
  if (state === "open") return;
  if (state === "new" || state === "opening") throw new AnodeError("not_open", "Call open() first.");
  throw new AnodeError("shutting_down", "Shutdown has begun.", { retryAfterSeconds: 5 });
}

/** The parts of a manager, each handed what it needs of the others. */
export type RunParts = ReturnType<typeof composeRuns>;

/**
 * Puts the parts of a manager together; nothing works before it is opened.
 * @param start - what an executor calls to start a child run
 * @throws `invalid_request` naming the wrong option
 */
export function composeRuns(options: RunManagerOptions, start: (request: RunRequest, caller: Caller) => Promise<RunHandle>) {
  const limits = checkOptions(options);
  const host = options.host ?? systemHost;
  const store = options.store ?? createMemoryStore({ limits });
  const buffer = options.events ?? store.buffer ?? createRingBuffer(limits);
  const redact = (options.redact ?? ((value: object) => value)) as Redact;
  const { clock } = host;
  const life: Life = { state: "new" };
  const rules = rulesOf(options);
  const active = new ActiveRuns();
  const ids = createIds("R", clock);
  const listeners = new Listeners(host);
  const journal = new Journal({ store, buffer, host, limits, redact, onFailed: fail });
  const idempotency = new IdempotencyKeys(store, host, limits, (deletes) => journal.append({ deletes, whenFull: "refuse" }).committed);
  const space = new Space(store, journal, clock);
  const presence: Presence = new Presence(() => desk.presenceChanged());
  const desk: Desk = new Desk({ journal, store, host, limits, redact, hasApprover: (question) => questions.hasApprover(question) });
  const admission = new Admission({
    concurrency: options.concurrency ?? limits.concurrency,
    childConcurrency: options.childConcurrency ?? limits.childConcurrency,
    queueLimit: options.queueLimit ?? limits.queue,
    ...(options.keyConcurrency !== undefined && { keyConcurrency: options.keyConcurrency }),
  });
  const records = new RunRecords({ store, clock, active, admission });
  const get = (id: string): Promise<RunSummary> => records.get(id);
  const questions: RunQuestions = new RunQuestions({ desk, limits, active, presence, options, get, listeners });
  const { retention = {} } = options;
  const keeper = new Keeper({ store, journal, host, limits, retention, idempotency, isNeeded: (id) => active.isNeeded(id) });
  const reading = { buffer, store, host, limits, presence, readers: new Readers(limits), closed: () => life.state === "closed" };
  const streams = new RunStreams({ ...reading, active: (id) => active.get(id), record: get });
  const feed = new Feed({ ...reading, descendants: (id) => descendantsOf(store, id) });
  const followUps = new FollowUps({ active, streams, get });
  const { report: diagnostic } = listeners.diagnostics;
  const contextPorts = {
    desk,
    buffer,
    limits,
    approval: (run: ActiveRun) => questions.ruleOf(run),
    // A run that starts children calls as itself: it operates what is defined, within its parent's bounds.
    start: (request: RunRequest, { id }: ActiveRun) =>
      start({ ...request, parent_id: id }, { id: `run:${id}`, door: "in_process", scopes: ["read", "control"], run_id: id }),
    diagnostic,
  };
  const ports: RunPorts = {
    journal,
    buffer,
    desk,
    host,
    limits,
    graceMs: options.graceMs ?? limits.graceMs,
    concealment: { redact, heldFrom: options.heldFrom ?? ((text) => text.length) },
    context: (run) => createRunContext(run, contextPorts),
    committed,
    ended,
    diagnostic,
  };
  const starter = new Starter({
    rules,
    ports,
    journal,
    redact,
    admission,
    space,
    ids,
    limits,
    active,
    assertOpen: () => assertOpen(life),
    get,
  });

  function committed(run: ActiveRun, events: readonly StreamEvent[], record: RunSummary | undefined): void {
    if (listeners.has("event")) for (const event of events) listeners.emit("event", event);
    if (!record) return;
    if (run.countedStatus !== record.status) {
      keeper.count(run.countedStatus, record.status);
      run.countedStatus = record.status;
    }
    if (listeners.has("run")) listeners.emit("run", records.shown(record));
  }

  function ended(run: ActiveRun): void {
    const { id, parent, shown } = run;
    active.remove(run);
    admission.remove(id);
    if (shown.duration_ms !== undefined) starter.noteDuration(shown.duration_ms);
    if (parent && !parent.over) {
      const { status, stop_reason } = shown;
      parent.append("run.child_ended", { child_id: id, status, ...(stop_reason !== undefined && { stop_reason }) });
    }
  }

  function fail(error: AnodeError): void {
    host.log("error", "store.failed", { code: error.code });
    for (const run of active.values()) run.fail(error);
    options.onFailed?.(error);
  }

  return {
    limits,
    host,
    store,
    buffer,
    life,
    rules,
    active,
    ids,
    listeners,
    journal,
    idempotency,
    redact,
    space,
    presence,
    desk,
    admission,
    records,
    questions,
    keeper,
    streams,
    feed,
    followUps,
    starter,
  };
}

function rulesOf(options: RunManagerOptions): AcceptRules {
  return {
    executors: options.executors ?? {},
    profiles: { ...builtInProfiles, ...options.profiles },
    commands: options.commands ?? {},
    defaultProfile: options.defaultProfile ?? "craft",
    ceiling: options.approvalCeiling ?? { admin: "unrestricted", other: "auto" },
    defaultMode: options.approvalMode,
    budget: options.budget,
    process: options.process ?? { argv: "socket", shell: false },
    folders: options.folders,
  };
}
