import { AnodeError, isAnodeError } from "../errors.js";
import type { EventBuffer } from "../events/buffer.js";
import type { StreamEvent } from "../events/event.js";
import type { Journal } from "../events/journal.js";
import { joinSteps } from "../events/join-steps.js";
import type { Appended, Draft, Folded, Step, StreamOwner } from "../events/step.js";
import type { CancelTimer, Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Desk } from "../questions/desk.js";
import { Settlement } from "../settlement.js";
import type { Put } from "../store/store.js";
import type { Slot } from "./admission.js";
import { BudgetWatch } from "./budget-watch.js";
import { type Ending, overBudget, parentEnded } from "./endings.js";
import type { EndPayload, PayloadOf } from "./event-payloads.js";
import type { Executor, Outcome, RunContext } from "./executor.js";
import { Inputs } from "./inputs.js";
import type { NormalRequest, Supports } from "./normal-request.js";
import { checkedOutcome, type EndFacts, failedOutcome, outcomeFacts, outcomeReason } from "./outcome.js";
import { type Concealment, Previews } from "./previews.js";
import type { RunSummary, Usage } from "./schema.js";
import { stateEvent } from "./state-event.js";
import { leavesRecord, transition } from "./transitions.js";

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
  readonly concealment: Concealment;
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

/**
 * A run that has not ended: the writer of its stream, the fold of its record, the keeper of its executor. What most
 * runs never need (a signal, previews, inputs, children, a budget) is made when it is first asked for.
 */
export class ActiveRun implements StreamOwner {
  readonly id: string;
  readonly stream: string;
  readonly request: NormalRequest;
  readonly supports: Supports;
  readonly executor: Executor;
  readonly depth: number;
  readonly parent: ActiveRun | undefined;
  /** The record after every event appended so far. */
  record!: RunSummary;
  /** The record after the last commit: what may be shown. */
  shown!: RunSummary;
  /** Sequence number of the last committed event. */
  committedSeq = 0;
  /** The status under which the manager's counters have this run. */
  countedStatus: string | undefined;

  readonly #ports: RunPorts;
  readonly #done = new Settlement<RunSummary>();
  readonly #budget: BudgetWatch | undefined;
  #children: Set<ActiveRun> | undefined;
  #previews: Previews | undefined;
  #inputs: Inputs | undefined;
  #abort: AbortController | undefined;
  #abortReason: unknown;
  #uncommitted: RunSummary[] = [];
  /** What folding an event gives that changes nothing; made for the first such event since the status changed. */
  #unchanged: Folded | undefined;
  #revision = 0;
  #slot: Slot | undefined;
  #startedAt: number | undefined;
  #acceptedAt: number;
  #ending: Ending | undefined;
  #over = false;
  #idle = false;
  #lastText: { seq: number; text: string } | undefined;
  #lastUsage = { tokens: 0, cost: 0 };
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
    this.#acceptedAt = ports.host.clock.monotonic();
    this.#budget = setup.request.budget && this.#watch(setup.request.budget);
  }

  /** Aborts when the run is made to end, with the reason. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  get previews(): Previews {
    return (this.#previews ??= new Previews(this.#ports.limits, this.#ports.concealment));
  }

  get inputs(): Inputs {
    return (this.#inputs ??= new Inputs(
      {
        append: (type, payload, whenFull, puts) => this.append(type, payload, whenFull, puts),
        lastTextSince: (seq) => (this.#lastText && this.#lastText.seq > seq ? this.#lastText.text : undefined),
        headSeq: () => this.#ports.journal.headSeq(this.stream),
        // An interactive process tells by itself when it has fallen silent.
        idle: () => this.#isInteractive() || this.idle(),
        woken: () => this.#woken(),
      },
      this.#ports.limits.inputs,
      this.request.keep_open === true || this.#isInteractive(),
    ));
  }

  /** Children that have not ended. */
  get children(): ReadonlySet<ActiveRun> {
    return this.#children ?? noChildren;
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

  addChild(child: ActiveRun): void {
    (this.#children ??= new Set()).add(child);
  }

  removeChild(child: ActiveRun): void {
    this.#children?.delete(child);
  }

  /** Gives up: the store is lost, so no end can be recorded. */
  fail(error: AnodeError): void {
    this.#over = true;
    this.#cancelGrace?.();
    this.#abortWith(error);
    this.#slot?.release();
    this.#done.reject(error);
  }

  /** Takes up the record of a run that a former process accepted. */
  restore(record: RunSummary, revision: number): void {
    this.countedStatus = record.status;
    this.record = record;
    this.shown = record;
    this.#revision = revision;
    this.committedSeq = record.last_seq;
  }

  fold(type: string, payload: Draft["payload"], seq: number, time: string): Folded {
    const before = this.record as RunSummary | undefined;
    if (before && leavesRecord(before.status, type)) return this.#asBefore(before);
    const next = transition(before, { run_id: this.id, type, payload, seq, time });
    if (next === before) return this.#asBefore(before);
    this.#unchanged = undefined;
    this.record = next.last_seq === seq ? next : { ...next, last_seq: seq };
    if (this.#uncommitted.length === 0) this.#uncommitted = [this.record];
    else this.#uncommitted.push(this.record);
    const put: Put = { collection: runCollection, id: this.id, record: this.record, expectedRevision: this.#revision++ };
    if (before?.status === next.status) return { run_id: this.id, status: next.status, put };
    this.#statusChanged(next.status);
    return { run_id: this.id, status: next.status, put, feed: stateEvent(before, this.record) };
  }

  #asBefore({ status }: RunSummary): Folded {
    return (this.#unchanged ??= { run_id: this.id, status });
  }

  committed(events: readonly StreamEvent[]): void {
    this.committedSeq = events.at(-1)?.seq ?? this.committedSeq;
    let record: RunSummary | undefined;
    while (this.#uncommitted[0] && this.#uncommitted[0].last_seq <= this.committedSeq) record = this.#uncommitted.shift();
    if (record) this.shown = record;
    if (this.#previews) for (const { type, payload } of events) this.#previews.finish(type, payload);
    this.#ports.committed(this, events, record);
  }

  /** Appends one event of the manager or the executor. @throws `run_finished` */
  append<Type extends string>(
    type: Type,
    payload: PayloadOf<Type>,
    whenFull: "refuse" | "hold" = "hold",
    puts: readonly Put[] = noPuts,
    settled: NonNullable<Step["settled"]> = nothing,
  ): Appended {
    const event = { stream: this.stream, type, payload: payload as Draft["payload"] };
    const appended = this.#ports.journal.append({ appends: [event], whenFull, puts, settled });
    this.#count(appended.events[0] as StreamEvent);
    return appended;
  }

  /** Starts the executor in its slot, unless the run was ended while it waited. */
  begin(slot: Slot): void {
    this.#slot = slot;
    if (this.#over) return slot.release();
    this.#startedAt = this.#ports.host.clock.monotonic();
    const wait_ms = Math.round(this.#startedAt - this.#acceptedAt);
    try {
      const goOn = this.#goOn(() => void this.#execute());
      this.append("run.started", { wait_ms }, "hold", noPuts, goOn);
    } catch (error) {
      this.#lost(error);
    }
  }

  /** Ends the run: at once while it is queued, else as soon as its executor has settled or its grace is over. */
  end(ending: Ending): void {
    if (this.#over || this.#ending) return;
    this.#ending = ending;
    this.endChildren();
    if (this.record.status === "queued") return this.#end();
    const closing = this.#ports.desk.closing(this.id, ending.deny);
    if (closing.puts) this.#ports.journal.append(closing);
    this.#abortWith(ending.reason);
    this.#cancelGrace = this.#ports.host.clock.schedule(() => {
      this.#ports.diagnostic("run.forced", { run_id: this.id });
      this.#end(undefined, true);
    }, this.#ports.graceMs + this.#ports.limits.killMs);
  }

  /** Ends a run that has no executor (any more) to wait for. */
  async endNow(ending: Ending): Promise<void> {
    this.#ending = ending;
    this.#end();
    await this.done;
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
    this.#budget?.pause();
    this.append("run.idle", {});
    this.#slot?.release();
  }

  /** Counts what the run or a descendant used, here and all the way up. */
  addUsage(tokens: number, costUsd: number): void {
    this.#budget?.addUsage(tokens, costUsd);
    this.parent?.addUsage(tokens, costUsd);
  }

  async #execute(): Promise<void> {
    if (this.#ending) return this.#end();
    let outcome: Outcome;
    try {
      outcome = checkedOutcome(await this.executor.execute(this.#ports.context(this)));
    } catch (error) {
      outcome = failedOutcome(error);
    }
    if (this.#over) this.#ports.diagnostic("run.late_outcome", { run_id: this.id });
    else this.#end(outcome);
  }

  /** Takes the step that ends the run, once; from here on nothing of it goes on. */
  #end(outcome?: Outcome, forced = false): void {
    if (this.#over) return;
    try {
      if (!this.#ending) this.#inputs?.completeTask();
      this.#over = true;
      this.#budget?.pause();
      this.#cancelGrace?.();
      this.#takeEnd(this.#ending, outcome, forced);
    } catch (error) {
      this.#lost(error);
    }
  }

  #takeEnd(ending: Ending | undefined, outcome: Outcome | undefined, forced: boolean): void {
    const closing = this.#ports.desk.closing(this.id, ending?.deny ?? "canceled");
    const dropped = this.#inputs && this.record.status !== "queued" ? this.#inputs.close() : [];
    const type = ending?.type ?? `run.${outcome?.status ?? "failed"}`;
    const last = { stream: this.stream, type, payload: this.#terminalPayload(ending, outcome, forced) };
    const appends = dropped.length === 0 ? [last] : [...dropped.map((draft) => ({ ...draft, stream: this.stream })), last];
    const step: Step = { appends, settled: this.#goOn(() => this.#ended()) };
    this.#ports.journal.append(closing.puts ? joinSteps(closing, step) : step);
    this.endChildren();
    this.#slot?.release();
    // An executor that was given up must not go on believing that it runs.
    if (!outcome) this.#abortWith(ending?.reason);
  }

  #ended(): void {
    this.#ports.journal.close(this.stream);
    this.#ports.ended(this);
    this.#ports.buffer.wake(this.stream);
    this.#done.resolve(this.shown);
  }

  /** What a step of the run's own way is followed by, in the commit itself: the journal must not hear of what goes wrong with it. */
  #goOn(durable: () => void): NonNullable<Step["settled"]> {
    return (refusal) => {
      if (refusal !== undefined) return this.#lost(refusal);
      try {
        durable();
      } catch (error) {
        this.#lost(error);
      }
    };
  }

  /** Only with a lost store: there is nothing left to record an end in. */
  #lost(error: unknown): void {
    this.fail(isAnodeError(error) ? error : new AnodeError("internal", "The run could not go on.", { cause: error }));
  }

  #terminalPayload(ending: Ending | undefined, outcome: Outcome | undefined, forced: boolean): EndPayload {
    const payload: EndFacts = {};
    if (this.#startedAt !== undefined) payload.duration_ms = Math.round(this.#ports.host.clock.monotonic() - this.#startedAt);
    const reason = ending ? ending.payload : outcomeReason(outcome);
    Object.assign(payload, outcomeFacts(outcome, this.record, this.#lastText?.text));
    if (forced) payload.forced = true;
    return Object.assign(payload, reason);
  }

  #abortWith(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason ?? new AnodeError("canceled", "The run has ended.");
    this.#abort?.abort(this.#abortReason);
  }

  #count(event: StreamEvent): void {
    if (event.type === "assistant.message" && typeof event.payload["text"] === "string") {
      this.#lastText = { seq: event.seq, text: event.payload["text"] };
    }
    if (event.type === "usage.updated") this.#countUsage(event);
    this.#budget?.count(event);
  }

  #countUsage(event: StreamEvent): void {
    const before = this.#lastUsage;
    const now: Partial<Usage> = event.payload as Partial<Usage>;
    const cost = typeof event.payload["cost_usd"] === "number" ? event.payload["cost_usd"] : before.cost;
    const tokens = countedUsage.reduce((sum, field) => sum + (now[field] ?? 0), 0);
    this.#lastUsage = { tokens, cost };
    this.addUsage(tokens - before.tokens, cost - before.cost);
  }

  #watch(budget: NonNullable<NormalRequest["budget"]>): BudgetWatch {
    const counts = (): boolean => !this.#over && this.record.status !== "queued";
    return new BudgetWatch(budget, this.#ports.host.clock, {
      counts,
      warn: ({ name, used, limit }) => void this.append("budget.warning", { name, used: rounded(name, used), limit }),
      over: (crossing) => this.end(overBudget(crossing)),
    });
  }

  #statusChanged(status: string): void {
    if (status === "running" && !this.#idle && !this.#over) this.#budget?.resume();
    else this.#budget?.pause();
  }

  #woken(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#slot?.retake();
    if (this.record.status === "running") this.#budget?.resume();
  }

  #isInteractive(): boolean {
    return this.request.pty === true || this.request.template?.input === true || this.request.template?.pty === true;
  }
}

/** Money in millionths, everything else in whole units. */
function rounded(name: string, used: number): number {
  return name === "cost_usd" ? Math.round(used * 1e6) / 1e6 : Math.round(used);
}

const noChildren: ReadonlySet<ActiveRun> = new Set();
const noPuts: readonly Put[] = [];
const nothing = (): void => {};
