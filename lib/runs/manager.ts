import { type Caller, localCaller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { EventBuffer } from "../events/buffer.js";
import type { Preview, StreamEvent } from "../events/event.js";
import { feedStream, Journal, type Redact } from "../events/journal.js";
import { Readers } from "../events/readers.js";
import { createRingBuffer } from "../events/ring-buffer.js";
import type { Host } from "../host.js";
import { createIds, isRunId, type Ids } from "../ids.js";
import type { Limits } from "../limits.js";
import { Desk } from "../questions/desk.js";
import type { QuestionDesk, QuestionSteps } from "../questions/desk-types.js";
import type { Asker, CallAnswer, CallQuestion } from "../questions/ask-and-wait.js";
import { listQuestions, type QuestionPage, type QuestionQuery } from "../questions/list.js";
import type { AnswerInput, Question } from "../questions/schema.js";
import { IdempotencyKeys } from "../store/idempotency.js";
import { createMemoryStore } from "../store/memory-store.js";
import type { Put, Store } from "../store/store.js";
import { systemHost } from "../system-host.js";
import { wellFormed } from "../well-formed.js";
import type { AcceptRules } from "./accept.js";
import { type ActiveRun, runCollection, type RunPorts } from "./active-run.js";
import { ActiveRuns } from "./active-runs.js";
import { Admission } from "./admission.js";
import { type EndParts, endedOrFull, endRuns } from "./end-runs.js";
import { canceledBy, runFinished } from "./endings.js";
import type { RunHandle } from "./executor.js";
import { Feed, type FeedReaders, openFeed } from "./feed.js";
import { FollowUps } from "./follow-ups.js";
import { Keeper } from "./keeper.js";
import { Listeners } from "./listeners.js";
import type { RunManagerEvents, RunPage, RunQuery, RunStats } from "./manager-types.js";
import { type CallOptions, checkOptions, type RunManagerOptions } from "./options.js";
import { Presence } from "./presence.js";
import { builtInProfiles } from "./profiles.js";
import { findLeftRuns } from "./recovery.js";
import type { PruneRule } from "./retention.js";
import { createRunContext } from "./run-context.js";
import { RunQuestions } from "./run-questions.js";
import { descendantsOf, isWithin } from "./run-tree.js";
import { type InputRecord, parseRunRequest, type RunInputRequest, type RunOrigin, type RunRequest, type RunSummary } from "./schema.js";
import { Space } from "./space.js";
import { type StartDetails, Starter } from "./starter.js";
import { type AttachOptions, type RunReaders, RunStreams } from "./streams.js";
import { isTerminal } from "./transitions.js";

const listedOrigins: readonly RunOrigin[] = ["request", "job", "schedule"];

/** Starts, keeps, shows and ends runs. Open it before use and close it at the end; two managers share nothing. */
export class RunManager {
  readonly limits: Limits;
  readonly host: Host;
  readonly store: Store;
  /** Replies kept by idempotency key. */
  readonly idempotency: IdempotencyKeys;

  readonly #options: RunManagerOptions;
  readonly #rules: AcceptRules;
  readonly #buffer: EventBuffer;
  readonly #journal: Journal;
  readonly #desk: Desk;
  readonly #questions: RunQuestions;
  readonly #streams: RunStreams;
  readonly #followUps: FollowUps;
  readonly #feed: Feed;
  readonly #presence: Presence;
  readonly #admission: Admission;
  readonly #space: Space;
  readonly #keeper: Keeper;
  readonly #starter: Starter;
  readonly #ids: Ids;
  readonly #listeners: Listeners<RunManagerEvents>;
  readonly #active = new ActiveRuns();
  readonly #diagnostics = new Map<string, number>();
  #state: "new" | "opening" | "open" | "closing" | "closed" = "new";
  #closing: Promise<void> | undefined;

  /** @throws `invalid_request` naming the wrong option */
  constructor(options: RunManagerOptions = {}) {
    const limits = checkOptions(options);
    const host = options.host ?? systemHost;
    const store = options.store ?? createMemoryStore({ limits });
    const buffer = options.events ?? store.buffer ?? createRingBuffer(limits);
    const redact = (options.redact ?? ((value: object) => value)) as Redact;
    const journal = new Journal({ store, buffer, host, limits, redact, onFailed: (error) => this.#fail(error) });
    const active = this.#active;
    const get = (id: string): Promise<RunSummary> => this.get(id);
    this.limits = limits;
    this.host = host;
    this.store = store;
    this.#options = options;
    this.#rules = rulesOf(options);
    this.#buffer = buffer;
    this.#journal = journal;
    this.#listeners = new Listeners((name, error) => this.#listenerFailed(name, error));
    this.#ids = createIds("R", host.clock);
    this.idempotency = new IdempotencyKeys(store, host, limits);
    this.#space = new Space(store, journal, host.clock);
    this.#presence = new Presence(() => this.#desk.presenceChanged());
    this.#desk = new Desk({ journal, store, host, limits, redact, hasApprover: (question) => this.#questions.hasApprover(question) });
    this.#questions = new RunQuestions({
      desk: this.#desk,
      limits,
      active,
      presence: this.#presence,
      options,
      get,
      told: (question) => this.#listeners.emit("question", question),
      diagnostic: (name, data) => this.#diagnose(name, data),
    });
    this.#admission = new Admission({
      concurrency: options.concurrency ?? limits.concurrency,
      childConcurrency: options.childConcurrency ?? limits.childConcurrency,
      queueLimit: options.queueLimit ?? limits.queue,
      ...(options.keyConcurrency !== undefined && { keyConcurrency: options.keyConcurrency }),
    });
    this.#keeper = new Keeper({
      store,
      journal,
      host,
      limits,
      retention: options.retention ?? {},
      idempotency: this.idempotency,
      isNeeded: (id) => active.isNeeded(id),
    });
    const parts = { buffer, store, host, limits, presence: this.#presence, readers: new Readers(limits) };
    const closed = (): boolean => this.#state === "closed";
    this.#streams = new RunStreams({ ...parts, active: (id) => active.get(id), record: get, closed });
    this.#followUps = new FollowUps({ active, streams: this.#streams, get });
    this.#feed = new Feed({ ...parts, descendants: (id) => this.descendants(id), closed });
    this.#starter = new Starter({
      rules: this.#rules,
      ports: this.#runPorts(redact),
      journal,
      redact,
      admission: this.#admission,
      space: this.#space,
      ids: this.#ids,
      limits,
      active,
      assertOpen: () => this.#assertOpen(),
      get,
    });
  }

  /** Readers of runs: SSE, NDJSON, pages. */
  get streams(): RunReaders {
    return this.#streams;
  }

  /** What changes anywhere, as one stream. */
  get feed(): FeedReaders {
    return this.#feed;
  }

  /** Questions of runs and of everybody else who asks. */
  get desk(): QuestionDesk & QuestionSteps {
    return this.#desk;
  }

  /** The one writer of the store's streams: for whoever keeps records and events beside runs. Open before use is the manager's. */
  get journal(): Journal {
    return this.#journal;
  }

  /** `open` between `open()` and `close()`. */
  get state(): "new" | "opening" | "open" | "closing" | "closed" {
    return this.#state;
  }

  /** Recovers the store: ends what a former life left behind, takes up its queue. Everything else waits for it. */
  async open(): Promise<void> {
    if (this.#state !== "new") throw new AnodeError("not_open", "A manager is opened once.");
    this.#state = "opening";
    // Nothing starts before everything left behind has been looked at.
    this.#admission.pause();
    const newest = await this.store.list(runCollection, { limit: 1 });
    if (newest.items[0]) this.#ids.startAfter(newest.items[0].id);
    await openFeed({
      store: this.store,
      buffer: this.#buffer,
      journal: this.#journal,
      committed: (events) => this.#questions.tell(events),
    });
    await this.#keeper.open();
    await this.#desk.recover();
    if (this.#options.onQuestion) this.#presence.join(undefined);
    const left = await findLeftRuns(this.store);
    await this.#options.leftovers?.(left.flatMap((run) => run.processes));
    for (const run of left) await this.#starter.recover(run);
    await this.#space.look();
    this.#state = "open";
    if (!this.#options.paused) this.#admission.resume();
  }

  /**
   * Accepts a run; resolves when that is committed. `signal` aborts the call, not the run.
   * @throws the refusals of `POST /runs`
   */
  async start(request: RunRequest, options: CallOptions & { readonly idempotencyKey?: string } = {}): Promise<RunHandle> {
    const { caller = localCaller, idempotencyKey: key, signal } = options;
    if (signal?.aborted) throw new AnodeError("aborted", "The call was aborted.", { cause: signal.reason });
    const valid = parseRunRequest(wellFormed(request));
    if (key === undefined) return this.#handle((await this.accept(valid, { caller })).id);
    const scope = { callerId: caller.id, operation: "runs.start", key, request: { path: "/runs", body: valid } };
    const { reply } = await this.idempotency.once(scope, async (entry) => {
      const also = (id: string): Put[] => [entry({ status: 201, body: { run_id: id } })];
      const run = await this.accept(valid, { caller, also });
      return { status: 201, body: { run_id: run.id } };
    });
    return this.#handle((reply.body as { run_id: string }).run_id);
  }

  /** The part of {@link RunManager.start} behind the check of the shape. */
  accept(request: RunRequest, details: StartDetails): Promise<RunSummary> {
    return this.#starter.accept(request, details);
  }

  /** @throws `run_not_found` */
  async get(id: string): Promise<RunSummary> {
    const shown = this.#active.get(id)?.shown;
    if (shown) return this.#decorated(shown);
    const stored = isRunId(id) ? await this.store.get(runCollection, id) : undefined;
    if (stored) return stored.record as RunSummary;
    throw new AnodeError("run_not_found", "There is no such run.", { details: { hint: "`anode runs list` shows the runs." } });
  }

  /** A page of runs, newest first. */
  async list(query: RunQuery = {}): Promise<RunPage> {
    const { limit = 100, before, status, origin = listedOrigins, ...texts } = query;
    const where: Record<string, readonly string[]> = { origin, ...(status && { status }) };
    for (const [field, text] of Object.entries(texts)) if (text !== undefined) where[field] = [text];
    const page = await this.store.list(runCollection, { limit, where, ...(before !== undefined && { after: before }) });
    const runs = page.items.map((item) => this.#decorated(item.record as RunSummary));
    const last = page.items.at(-1);
    return page.more && last ? { runs, next: last.ordinal } : { runs };
  }

  /** The record as soon as the run has ended, or when the time is over. @throws `run_not_found` */
  async wait(id: string, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<RunSummary> {
    const run = this.#active.get(id);
    if (!run) return this.get(id);
    if (options.timeoutMs === undefined && !options.signal) return run.done;
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    const onAbort = (): void => stop();
    const cancelTimer = options.timeoutMs === undefined ? () => {} : this.host.clock.schedule(stop, options.timeoutMs);
    options.signal?.addEventListener("abort", onAbort);
    if (options.signal?.aborted) stop();
    await Promise.race([run.done, stopped]);
    cancelTimer();
    options.signal?.removeEventListener("abort", onAbort);
    return this.get(id);
  }

  /** Record events (and previews) from the cursor on; ends after the terminal event. @throws `run_not_found` */
  attach(id: string, options: AttachOptions = {}): AsyncIterableIterator<StreamEvent | Preview> {
    return this.#streams.events(id, options);
  }

  /**
   * Cancels a run and all that ends with it; resolves when it has ended.
   * @throws `run_not_found`, `run_finished`, `storage_full` (the process is gone, its end is not recorded yet)
   */
  async cancel(id: string, options: CallOptions & { readonly reason?: string } = {}): Promise<RunSummary> {
    const { caller = localCaller, reason } = options;
    const run = this.#active.get(id);
    if (!run) return canceledOrRefused(await this.get(id));
    if (!run.endingDecided) {
      run.append("run.cancel_requested", { by: caller.id, ...(reason !== undefined && { reason }) });
      this.#admission.remove(id);
      run.end(canceledBy(caller.id, reason));
    }
    await endedOrFull([run], this.#endParts());
    return canceledOrRefused(await this.get(id));
  }

  /**
   * Hands follow-up input to a run.
   * @throws `run_not_found`, `run_finished`, `unsupported_option`, `input_full`, `storage_full`
   */
  input(
    id: string,
    input: RunInputRequest,
    options: CallOptions & { readonly also?: (inputId: string) => readonly Put[] } = {},
  ): Promise<InputRecord> {
    return this.#followUps.accept(id, input, options);
  }

  /** Whether a run is active, takes queued input, and has not closed it. */
  takesInput(id: string): boolean {
    return this.#followUps.takenBy(id);
  }

  /** All inputs of a run with their states, in order. @throws `run_not_found` */
  inputs(id: string): Promise<InputRecord[]> {
    return this.#followUps.list(id);
  }

  /** Takes back an input that was not delivered. @throws `run_not_found`, `input_not_found`, `input_delivered` */
  withdraw(id: string, inputId: string, options: CallOptions = {}): Promise<void> {
    return this.#followUps.withdraw(id, inputId, options);
  }

  /** Questions, newest first. */
  questions(query: QuestionQuery = {}): Promise<QuestionPage> {
    return listQuestions(this.store, query);
  }

  /**
   * Answers a question of a run; of several answers the first one wins.
   * @throws `run_not_found`, `question_not_found`, `question_closed`, `self_approval`, `scope_required`, and the refusals of the answer
   */
  answer(
    id: string,
    questionId: string,
    input: AnswerInput,
    options: CallOptions & { readonly also?: (closed: Question) => readonly Put[] } = {},
  ): Promise<Question> {
    return this.#questions.answer(id, questionId, input, options);
  }

  /**
   * Asks for a caller and waits: until somebody answers, the time is over (45 s, at most 55 s unless the limits say
   * otherwise), or the caller is gone, which `signal` says. What a run asks so stands in its events and ends with it.
   * @param asker - whom the caller asks for. @defaultValue what the caller is bound to
   * @throws `correlation_conflict`, `question_closed`, `question_full`, `default_not_denying`, `run_finished`, `storage_full`, `shutting_down`
   */
  async ask(question: CallQuestion, options: CallOptions & { readonly asker?: Asker } = {}): Promise<CallAnswer> {
    this.#assertOpen();
    return this.#questions.ask(question, options);
  }

  /** @throws `self_approval`, `scope_required`, `not_the_recipient` */
  assertMayAnswer(question: Question, caller: Caller): Promise<void> {
    return this.#questions.assertMayAnswer(question, caller);
  }

  /** Ids of a run and of all runs below it. */
  descendants(id: string): Promise<string[]> {
    return descendantsOf(this.store, id);
  }

  /** Whether a run is `ancestor` or below it. */
  isWithin(id: string, ancestor: string): Promise<boolean> {
    return isWithin((at) => this.get(at), id, ancestor);
  }

  /** Removes ended runs, oldest first. Answers how many. */
  prune(rule: PruneRule): Promise<number> {
    return this.#keeper.prune(rule);
  }

  /** Starts what is queued after a pause. */
  resume(): void {
    this.#admission.resume();
  }

  /** Counts of this moment. */
  async stats(): Promise<RunStats> {
    return {
      runs: this.#keeper.counts,
      active: this.#active.size,
      queued: this.#admission.queued,
      questions_open: this.#desk.openCount,
      readers: this.#streams.readers,
      diagnostics: Object.fromEntries(this.#diagnostics),
      degraded: [...this.#space.degraded, ...(this.#admission.paused ? ["admission_paused"] : [])],
      store: await this.#space.usage(),
    };
  }

  /** Calls the listener until the returned function is called. */
  on<Name extends keyof RunManagerEvents & string>(name: Name, listener: (...data: RunManagerEvents[Name]) => unknown): () => void {
    return this.#listeners.on(name, listener);
  }

  /** Refuses new starts, waits up to `drainMs` for active runs, interrupts the rest, closes the parts. Idempotent. */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? 0);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const wasOpen = this.#state === "open";
    this.#state = "closing";
    this.#keeper.close();
    // Nothing new starts; in a durable store what is queued stays so and starts after the restart.
    this.#admission.pause();
    if (wasOpen) await endRuns(() => this.#unkept(), this.#endParts(), drainMs);
    await this.#journal.settled();
    this.#desk.stop();
    this.#state = "closed";
    for (const run of this.#active.values()) this.#buffer.wake(run.stream);
    this.#buffer.wake(feedStream);
    for (const executor of Object.values(this.#rules.executors)) await executor.close?.();
    await this.store.close();
  }

  /** Active runs that do not start again by themselves after a restart. */
  #unkept(): ActiveRun[] {
    const isKept = (run: ActiveRun): boolean => run.record.status === "queued" && this.store.supports.durable;
    return [...this.#active.values()].filter((run) => !isKept(run));
  }

  #endParts(): EndParts {
    return { journal: this.#journal, admission: this.#admission, clock: this.host.clock, desk: this.#desk };
  }

  #runPorts(redact: Redact): RunPorts {
    const { host, limits } = this;
    const desk = this.#desk;
    const diagnostic = (name: string, data: Readonly<Record<string, unknown>>): void => this.#diagnose(name, data);
    const contextPorts = {
      desk,
      buffer: this.#buffer,
      limits,
      approval: (run: ActiveRun) => this.#questions.ruleOf(run),
      redact,
      start: (request: RunRequest, parent: ActiveRun) => this.start({ ...request, parent_id: parent.id }, { caller: runCaller(parent.id) }),
      diagnostic,
    };
    return {
      journal: this.#journal,
      buffer: this.#buffer,
      desk,
      host,
      limits,
      graceMs: this.#options.graceMs ?? limits.graceMs,
      context: (run) => createRunContext(run, contextPorts),
      committed: (run, events, record) => this.#committed(run, events, record),
      ended: (run) => this.#ended(run),
      diagnostic,
    };
  }

  #committed(run: ActiveRun, events: readonly StreamEvent[], record: RunSummary | undefined): void {
    const isHeard = this.#listeners.has("event");
    if (isHeard) for (const event of events) this.#listeners.emit("event", event);
    if (!record) return;
    if (run.countedStatus !== record.status) {
      this.#keeper.count(run.countedStatus, record.status);
      run.countedStatus = record.status;
    }
    if (this.#listeners.has("run")) this.#listeners.emit("run", this.#decorated(record));
  }

  #ended(run: ActiveRun): void {
    const { id, parent, shown } = run;
    this.#active.remove(run);
    this.#admission.remove(id);
    if (shown.duration_ms !== undefined) this.#starter.noteDuration(shown.duration_ms);
    if (parent && !parent.over) {
      parent.append("run.child_ended", { child_id: id, status: shown.status, stop_reason: shown.stop_reason });
    }
  }

  #decorated(record: RunSummary): RunSummary {
    if (isTerminal(record.status)) return record;
    const last_seq = this.#active.get(record.id)?.committedSeq ?? record.last_seq;
    const position = record.status === "queued" ? this.#admission.position(record.id) : undefined;
    return { ...record, last_seq, ...(position !== undefined && { queue_position: position }) };
  }

  #handle(id: string): RunHandle {
    return {
      id,
      done: () => this.wait(id),
      events: () => this.#streams.events(id) as AsyncIterable<StreamEvent>,
      cancel: (reason) => this.cancel(id, reason === undefined ? {} : { reason }),
    };
  }

  #assertOpen(): void {
    if (this.#state === "open") return;
    if (this.#state === "new" || this.#state === "opening") throw new AnodeError("not_open", "Call open() first.");
    throw new AnodeError("shutting_down", "Shutdown has begun.", { retryAfterSeconds: 5 });
  }

  #fail(error: AnodeError): void {
    this.host.log("error", "store.failed", { code: error.code });
    for (const run of this.#active.values()) run.fail(error);
    this.#options.onFailed?.(error);
  }

  #diagnose(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#diagnostics.set(name, (this.#diagnostics.get(name) ?? 0) + 1);
    this.host.log("warn", name, data);
    this.#listeners.emit("diagnostic", name, data);
  }

  #listenerFailed(name: string, error: unknown): void {
    // Reporting a failing diagnostic listener as diagnostic would never end.
    if (name === "diagnostic") this.host.log("warn", "listener.failed", { name, error: String(error) });
    else this.#diagnose("listener.failed", { name, error: String(error) });
  }
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

/** A run that starts children calls as itself: it operates what is defined, within its parent's bounds. */
function runCaller(id: string): Caller {
  return { id: `run:${id}`, door: "in_process", scopes: ["read", "control"], run_id: id };
}

function canceledOrRefused(record: RunSummary): RunSummary {
  if (record.status === "canceled") return record;
  throw runFinished(record);
}
