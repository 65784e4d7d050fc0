import { AnodeError, isAnodeError } from "../errors.js";
import { encodeLine } from "../events/encode.js";
import type { StreamEvent } from "../events/event.js";
import type { Appended, Draft, Folded, Journal, StreamOwner } from "../events/journal.js";
import type { EventBuffer } from "../events/buffer.js";
import type { CancelTimer, Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Desk } from "../questions/desk.js";
import type { Put } from "../store/store.js";
import type { Slot } from "./admission.js";
import { crossings, type Used } from "./budget.js";
import { type Ending, overBudget, parentEnded } from "./endings.js";
import type { Executor, NormalRequest, Outcome, RunContext, Supports } from "./executor.js";
import { Inputs } from "./inputs.js";
import { Previews } from "./previews.js";
import { RunningTime } from "./running-time.js";
import type { RunSummary, Usage } from "./schema.js";
import { type FoldedEvent, isTerminal, isTerminalEvent, transition } from "./transitions.js";

/** The store's collection of run records. */
export const runCollection = "runs";
/** The stream of a run's events. */
export const runStream = (id: string): string => `run:${id}`;

/** What an active run needs of its manager. */
export interface RunPorts {
  readonly journal: Journal;
  readonly buffer: EventBuffer;
  readonly desk: Desk;
  readonly host: Host;
  readonly limits: Limits;
  readonly graceMs: number;
  /** Makes what its executor works with. */
  context(run: ActiveRun): RunContext;
  /** After the commit of events; `record` is there when they changed it. */
  committed(run: ActiveRun, events: readonly StreamEvent[], record: RunSummary | undefined): void;
  /** After the commit of the terminal event. */
  ended(run: ActiveRun): void;
  diagnostic(name: string, data: Readonly<Record<string, unknown>>): void;
}

/** What is fixed when a run is accepted. */
export interface RunSetup {
  readonly id: string;
  readonly request: NormalRequest;
  readonly supports: Supports;
  readonly executor: Executor;
  readonly depth: number;
  readonly parent: ActiveRun | undefined;
}

/** Usage of a run and all its descendants counts against each of them. */
const countedUsage = ["input_tokens", "output_tokens"] as const;

/** A run that has not ended: the writer of its stream, the fold of its record, the keeper of its executor. */
export class ActiveRun implements StreamOwner {
  readonly id: string;
  readonly stream: string;
  readonly request: NormalRequest;
  readonly supports: Supports;
  readonly executor: Executor;
  readonly depth: number;
  readonly parent: ActiveRun | undefined;
  readonly children = new Set<ActiveRun>();
  readonly previews: Previews;
  readonly inputs: Inputs;
  /** The record after every event appended so far. */
  record!: RunSummary;
  /** The record after the last commit: what may be shown. */
  shown!: RunSummary;
  /** Sequence number of the last committed event. */
  committedSeq = 0;
  /** The status under which the manager's counters have this run. */
  countedStatus: string | undefined;

  readonly #ports: RunPorts;
  readonly #abort = new AbortController();
  readonly #done = Promise.withResolvers<RunSummary>();
  readonly #time: RunningTime;
  readonly #used: Used = { wall_ms: 0, tokens: 0, cost_usd: 0, events: 0, bytes: 0 };
  readonly #warned = new Set<string>();
  #uncommitted: { seq: number; record: RunSummary }[] = [];
  #revision = 0;
  #slot: Slot | undefined;
  #startedAt: number | undefined;
  #acceptedAt: number;
  #ending: Ending | undefined;
  #over = false;
  #idle = false;
  #lastText: { seq: number; text: string } | undefined;
  #cancelGrace: CancelTimer | undefined;

  constructor(setup: RunSetup, ports: RunPorts) {
    this.id = setup.id;
    this.stream = runStream(setup.id);
    this.request = setup.request;
    this.supports = setup.supports;
    this.executor = setup.executor;
    this.depth = setup.depth;
    this.parent = setup.parent;
    this.#ports = ports;
    this.previews = new Previews(ports.limits);
    this.inputs = new Inputs(
      {
        append: (type, payload, whenFull, puts) => this.append(type, payload, whenFull, puts),
        lastTextSince: (seq) => (this.#lastText && this.#lastText.seq > seq ? this.#lastText.text : undefined),
        headSeq: () => ports.journal.headSeq(this.stream),
        // An interactive process tells by itself when it has fallen silent.
        idle: () => this.#isInteractive() || this.idle(),
        woken: () => this.#woken(),
      },
      ports.limits.inputs,
      setup.request.keep_open === true || this.#isInteractive(),
    );
    this.#time = new RunningTime(ports.host.clock, setup.request.budget?.wall_ms, () => this.#checkBudget());
    this.#acceptedAt = ports.host.clock.monotonic();
    this.#done.promise.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Gives up: the store is lost, so no end can be recorded. */
  fail(error: AnodeError): void {
    this.#over = true;
    this.#cancelGrace?.();
    this.#abort.abort(error);
    this.#slot?.release();
    this.#done.reject(error);
  }

  /** The record when the run has ended. */
  get done(): Promise<RunSummary> {
    return this.#done.promise;
  }

  /** True from the terminal event on, committed or not. */
  get over(): boolean {
    return this.#over;
  }

  /** True when nothing that happens to it changes how it will end. */
  get endingDecided(): boolean {
    return this.#over || this.#ending !== undefined;
  }

  /** True for a run that holds or has held its executor. */
  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  /** Takes up the record of a run that a former process accepted. */
  restore(record: RunSummary, revision: number): void {
    this.countedStatus = record.status;
    this.record = record;
    this.shown = record;
    this.#revision = revision;
    this.committedSeq = record.last_seq;
  }

  fold(event: Omit<FoldedEvent, "run_id">): Folded {
    const before = this.record as RunSummary | undefined;
    const next = transition(before, { ...event, run_id: this.id });
    if (next === before) return { run_id: this.id, status: next.status };
    this.record = isTerminal(next.status) || next.last_seq === event.seq ? next : { ...next, last_seq: event.seq };
    this.#uncommitted.push({ seq: event.seq, record: this.record });
    const put: Put = { collection: runCollection, id: this.id, record: this.record, expectedRevision: this.#revision++ };
    if (before?.status === next.status) return { run_id: this.id, status: next.status, puts: [put] };
    this.#statusChanged(next.status);
    return { run_id: this.id, status: next.status, puts: [put], feed: [stateEvent(before, this.record)] };
  }

  committed(events: readonly StreamEvent[]): void {
    this.committedSeq = events.at(-1)?.seq ?? this.committedSeq;
    const settled = this.#uncommitted.filter((change) => change.seq <= this.committedSeq);
    const record = settled.at(-1)?.record;
    if (record) {
      this.#uncommitted = this.#uncommitted.slice(settled.length);
      this.shown = record;
    }
    for (const event of events) if (event.type !== "process.output") this.previews.finish(event.payload);
    this.#ports.committed(this, events, record);
  }

  /** Appends one event of the manager or the executor. @throws `run_finished` */
  append(type: string, payload: Draft["payload"], whenFull: "refuse" | "hold" = "hold", puts: readonly Put[] = []): Appended {
    const appended = this.#ports.journal.append({ appends: [{ stream: this.stream, type, payload }], whenFull, puts });
    const event = appended.events[0];
    if (event) this.#count(event);
    return appended;
  }

  /** Starts the executor in its slot, unless the run was ended while it waited. */
  async begin(slot: Slot): Promise<void> {
    this.#slot = slot;
    if (this.#over) return slot.release();
    try {
      this.#startedAt = this.#ports.host.clock.monotonic();
      await this.append("run.started", { wait_ms: Math.round(this.#startedAt - this.#acceptedAt) }).committed;
      if (this.#ending) return await this.#end(this.#ending, undefined);
      await this.#execute();
    } catch (error) {
      // Only a lost store comes here: there is nothing left to record the end in.
      this.fail(isAnodeError(error) ? error : new AnodeError("internal", "The run could not be started.", { cause: error }));
    }
  }

  /** Ends the run: at once while it is queued, else as soon as its executor has settled or its grace is over. */
  end(ending: Ending): void {
    if (this.#over || this.#ending) return;
    this.#ending = ending;
    this.endChildren();
    if (this.record.status === "queued") {
      void this.#end(ending, undefined).catch(() => {});
      return;
    }
    const closing = this.#ports.desk.closing(this.id, ending.deny);
    if (closing.puts.length > 0) {
      const { committed } = this.#ports.journal.append({ appends: closing.appends, puts: closing.puts, feed: closing.feed });
      closing.taken(committed);
    }
    this.#abort.abort(ending.reason);
    this.#cancelGrace = this.#ports.host.clock.schedule(() => {
      this.#ports.diagnostic("run.forced", { run_id: this.id });
      void this.#end(ending, undefined, true).catch(() => {});
    }, this.#ports.graceMs + this.#ports.limits.killMs);
  }

  /** Ends a run that has no executor (any more) to wait for. */
  async endNow(ending: Ending): Promise<void> {
    await this.#end(ending, undefined);
  }

  /** Cancels what ends with this run. */
  endChildren(): void {
    for (const child of this.children) {
      if (child.record.cancel_policy !== "detach") child.end(parentEnded(this.id));
    }
  }

  /** The run does nothing until its next input. */
  idle(): void {
    if (this.#idle || this.#over || this.record.status !== "running") return;
    this.#idle = true;
    this.#time.pause();
    this.append("run.idle", {});
    this.#slot?.release();
  }

  /** Counts what a descendant used. */
  addUsage(tokens: number, costUsd: number): void {
    this.#used.tokens += tokens;
    this.#used.cost_usd += costUsd;
    this.parent?.addUsage(tokens, costUsd);
    this.#checkBudget();
  }

  async #execute(): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.executor.execute(this.#ports.context(this));
    } catch (error) {
      outcome = failure(error);
    }
    if (this.#over) {
      this.#ports.diagnostic("run.late_outcome", { run_id: this.id });
      return;
    }
    if (!this.#ending) this.inputs.completeTask();
    await this.#end(this.#ending, outcome);
  }

  async #end(ending: Ending | undefined, outcome: Outcome | undefined, forced = false): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#time.pause();
    this.#cancelGrace?.();
    try {
      await this.#commitEnd(ending, outcome, forced);
    } catch (error) {
      this.#done.reject(error);
      throw error;
    }
    this.#ports.journal.close(this.stream);
    this.#ports.ended(this);
    this.#ports.buffer.wake(this.stream);
    this.#done.resolve(this.shown);
  }

  async #commitEnd(ending: Ending | undefined, outcome: Outcome | undefined, forced: boolean): Promise<void> {
    const type = ending?.type ?? `run.${outcome?.status ?? "failed"}`;
    const payload = { ...this.#facts(outcome), ...(ending ? ending.payload : outcomePart(outcome)), ...(forced && { forced: true }) };
    const closing = this.#ports.desk.closing(this.id, ending?.deny ?? "canceled");
    const dropped = this.inputs.close();
    if (this.record.status === "queued") dropped.length = 0;
    const { committed } = this.#ports.journal.append({
      appends: [...closing.appends, ...dropped.map((draft) => ({ ...draft, stream: this.stream })), { stream: this.stream, type, payload }],
      puts: closing.puts,
      feed: closing.feed,
    });
    closing.taken(committed);
    this.endChildren();
    this.#slot?.release();
    // An executor that was given up must not go on believing that it runs.
    if (!this.#abort.signal.aborted && !outcome) this.#abort.abort(ending?.reason);
    await committed;
  }

  /** What is known of the work, however it ended. */
  #facts(outcome: Outcome | undefined): Record<string, unknown> {
    const result = outcome?.result ?? this.#lastText?.text;
    const turns = outcome?.num_turns ?? this.record.num_turns;
    return {
      ...(this.#startedAt !== undefined && { duration_ms: Math.round(this.#ports.host.clock.monotonic() - this.#startedAt) }),
      ...(result !== undefined && { result }),
      ...(turns !== undefined && { num_turns: turns }),
      ...(this.record.usage && { usage: this.record.usage }),
      ...(this.record.cost_usd !== undefined && { cost_usd: this.record.cost_usd }),
      ...(outcome?.exit_code !== undefined && { exit_code: outcome.exit_code }),
      ...(outcome?.signal !== undefined && { signal: outcome.signal }),
    };
  }

  #count(event: StreamEvent): void {
    if (event.type === "assistant.message" && typeof event.payload["text"] === "string") {
      this.#lastText = { seq: event.seq, text: event.payload["text"] };
    }
    if (event.type === "usage.updated") this.#countUsage(event);
    const { budget } = this.request;
    if (!budget) return;
    this.#used.events = event.seq;
    if (budget.bytes !== undefined) this.#used.bytes += new TextEncoder().encode(encodeLine(event)).length;
    if (!event.type.startsWith("budget.")) this.#checkBudget();
  }

  #countUsage(event: StreamEvent): void {
    const before = this.#lastUsage;
    const now: Partial<Usage> = event.payload as Partial<Usage>;
    const cost = typeof event.payload["cost_usd"] === "number" ? event.payload["cost_usd"] : before.cost;
    const tokens = countedUsage.reduce((sum, field) => sum + (now[field] ?? 0), 0);
    this.#lastUsage = { tokens, cost };
    this.addUsage(tokens - before.tokens, cost - before.cost);
  }

  #lastUsage = { tokens: 0, cost: 0 };

  #checkBudget(): void {
    const { budget } = this.request;
    if (!budget || this.#over || this.record.status === "queued") return;
    this.#used.wall_ms = this.#time.usedMs;
    for (const crossing of crossings(budget, this.#used)) {
      if (!this.#warned.has(crossing.name)) {
        this.#warned.add(crossing.name);
        this.append("budget.warning", { name: crossing.name, used: Math.round(crossing.used * 1e6) / 1e6, limit: crossing.limit });
      }
      if (crossing.over) this.end(overBudget(crossing));
    }
  }

  #statusChanged(status: string): void {
    if (status === "running" && !this.#idle && !this.#over) this.#time.resume();
    else this.#time.pause();
  }

  #woken(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#slot?.retake();
    if (this.record.status === "running") this.#time.resume();
  }

  #isInteractive(): boolean {
    return this.request.pty === true || this.request.template?.input === true || this.request.template?.pty === true;
  }
}

function failure(error: unknown): Outcome {
  const known = isAnodeError(error);
  const text = error instanceof Error ? error.message : String(error);
  return {
    status: "failed",
    stop_reason: "error",
    error: text || "The executor failed.",
    error_code: known ? error.code : "executor_error",
  };
}

function outcomePart(outcome: Outcome | undefined): Record<string, unknown> {
  return {
    stop_reason: outcome?.stop_reason ?? "error",
    ...(outcome?.error !== undefined && { error: outcome.error }),
    ...(outcome?.error_code !== undefined && { error_code: outcome.error_code }),
    ...(outcome?.session_id !== undefined && { session_id: outcome.session_id }),
  };
}

function stateEvent(before: RunSummary | undefined, record: RunSummary): Draft {
  return {
    type: "run.state",
    run_id: record.id,
    payload: {
      run_id: record.id,
      ...(before && { from: before.status }),
      to: record.status,
      origin: record.origin,
      profile: record.profile,
      label: record.label,
      ...(record.parent_id !== undefined && { parent_id: record.parent_id }),
      ...(isTerminalEvent(`run.${record.status}`) && record.stop_reason !== undefined && { stop_reason: record.stop_reason }),
    },
  };
}
