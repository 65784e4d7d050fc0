import type { Caller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { Journal, Redact } from "../events/journal.js";
import type { Appended } from "../events/step.js";
import type { Ids } from "../ids.js";
import type { Limits } from "../limits.js";
import type { Put } from "../store/store.js";
import { type Accepted, type AcceptRules, judgePermissions, resolveReferences } from "./accept.js";
import { ActiveRun, type RunPorts } from "./active-run.js";
import type { ActiveRuns } from "./active-runs.js";
import type { Admission } from "./admission.js";
import { crashed } from "./endings.js";
import type { Executor } from "./executor.js";
import type { NormalRequest, Supports } from "./normal-request.js";
import { queuedPayload, shownPayload } from "./queued-payload.js";
import { type LeftRun, requestOf } from "./recovery.js";
import { assertTakesChild } from "./run-tree.js";
import type { RunOrigin, RunRequest, RunSummary } from "./schema.js";
import type { Space } from "./space.js";

interface StarterParts {
  readonly rules: AcceptRules;
  readonly ports: RunPorts;
  readonly journal: Journal;
  readonly redact: Redact;
  readonly admission: Admission;
  readonly space: Space;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly active: ActiveRuns;
  /** @throws `not_open`, `shutting_down` */
  assertOpen(): void;
  get(id: string): Promise<RunSummary>;
}

/** What goes with a start. */
export interface StartDetails {
  readonly caller: Caller;
  /** Records for the same commit, once the id is known. */
  readonly also?: (id: string) => readonly Put[];
  /** @defaultValue "request" */
  readonly origin?: RunOrigin;
}

/** The one way into the queue: judges a request, commits its first event, hands the run to admission. */
export class Starter {
  readonly #parts: StarterParts;
  /** How long the last runs took, for telling when there will be room. */
  readonly #durationsMs: number[] = [];

  constructor(parts: StarterParts) {
    this.#parts = parts;
  }

  /** Accepts a request of valid shape; resolves when it is committed. @throws the refusals of a start */
  async accept(request: RunRequest, details: StartDetails): Promise<RunSummary> {
    const { rules, admission, space, active, assertOpen } = this.#parts;
    const { caller } = details;
    assertOpen();
    const parentId = request.parent_id ?? caller.run_id;
    const parent = parentId === undefined ? undefined : active.get(parentId);
    const judged = judgePermissions(request, caller, parent, rules);
    const permitted = judged instanceof Promise ? await judged : judged;
    if (parentId !== undefined && !parent) await this.#refuseParent(parentId);
    const resolved = resolveReferences(request, permitted, caller, parent, rules);
    const accepted = resolved instanceof Promise ? await resolved : resolved;
    // From here to the append nothing is awaited: what may have changed meanwhile is judged now.
    assertOpen();
    if (parent) assertTakesChild(parent, this.#parts.limits);
    if ("request" in accepted) this.#assertSessionFree(accepted.request.session_id);
    admission.assertRoom(() => this.#retryAfterSeconds());
    space.assertRoom();
    if ("unavailable" in accepted) throw accepted.unavailable;
    const run = this.#create(accepted, parent);
    try {
      await this.#queue(run, accepted, details).committed;
    } catch (error) {
      active.remove(run);
      this.#parts.journal.close(run.stream);
      throw error;
    }
    const record = run.shown;
    if (parent) tellParent(parent, run);
    this.#enqueue(run);
    return record;
  }

  /** Takes up a run a former process left: queued ones go back into the queue, the others are ended. */
  async recover(left: LeftRun): Promise<void> {
    const { rules, ports, journal, active } = this.#parts;
    const { record } = left;
    const restored = requestOf(left, rules.commands);
    const executor = rules.executors[record.executor];
    const parent = record.parent_id === undefined ? undefined : active.get(record.parent_id);
    const run = new ActiveRun(
      {
        id: record.id,
        request: restored?.request ?? (left.queued.payload as unknown as NormalRequest),
        supports: left.queued.payload["supports"] as Supports,
        executor: executor ?? goneExecutor(record.executor, left.queued.payload["supports"] as Supports),
        depth: parent ? parent.depth + 1 : 0,
        parent,
      },
      ports,
    );
    run.restore({ ...record, last_seq: left.lastSeq }, left.revision);
    journal.open(run.stream, left.lastSeq, run, left.notBeforeMs);
    active.add(run);
    if (record.status === "queued" && restored && executor) this.#enqueue(run);
    else await run.endNow(crashed());
  }

  /** Notes how long a run took. */
  noteDuration(durationMs: number): void {
    this.#durationsMs.push(durationMs);
    if (this.#durationsMs.length > 32) this.#durationsMs.shift();
  }

  #create({ request, supports, executor }: Accepted, parent: ActiveRun | undefined): ActiveRun {
    const { ports, journal, active, ids } = this.#parts;
    const run = new ActiveRun({ id: ids.next(), request, supports, executor, depth: parent ? parent.depth + 1 : 0, parent }, ports);
    journal.open(run.stream, 0, run);
    active.add(run);
    return run;
  }

  /** Appends a run's first event, and what goes with it. */
  #queue(run: ActiveRun, { request, supports, executorName: executor }: Accepted, details: StartDetails): Appended {
    const { caller, origin = "request", also } = details;
    const payload = queuedPayload(request, { executor, origin, supports, caller });
    return run.append("run.queued", shownPayload(payload, this.#parts.redact), "refuse", also?.(run.id));
  }

  #enqueue(run: ActiveRun): void {
    if (run.over) return;
    const { key, priority } = run.request;
    this.#parts.admission.enqueue({ id: run.id, key, priority, depth: run.depth, begin: (slot) => run.begin(slot) });
  }

  async #refuseParent(id: string): Promise<never> {
    const record = await this.#parts.get(id).catch(() => undefined);
    if (!record) throw new AnodeError("parent_not_found", "parent_id names no run.");
    throw new AnodeError("parent_finished", `The parent run is ${record.status}.`);
  }

  #assertSessionFree(sessionId: string | undefined): void {
    if (sessionId === undefined) return;
    for (const run of this.#parts.active.values()) {
      if (run.record?.session_id === sessionId) {
        throw new AnodeError("session_busy", "The thread has an active run.", { details: { run_id: run.id } });
      }
    }
  }

  #retryAfterSeconds(): number {
    const sorted = [...this.#durationsMs].sort((a, b) => a - b);
    const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return Math.min(60, 1 + Math.round(medianMs / 1000));
  }
}

/** The parent may have begun to end while its child was being committed: then the child ends with it. */
function tellParent(parent: ActiveRun, child: ActiveRun): void {
  if (!parent.over) {
    const { profile, label, cancel_policy = "cascade" } = child.shown;
    parent.append("run.child_started", { child_id: child.id, profile, label, cancel_policy });
  }
  if (parent.endingDecided) parent.endChildren();
}

function goneExecutor(kind: string, supports: Supports): Executor {
  return { kind, supports, execute: () => Promise.reject(crashed().reason) };
}
