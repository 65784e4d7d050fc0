import { type Caller, localCaller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { Preview, StreamEvent } from "../events/event.js";
import { feedStream, type Journal, type Redact } from "../events/journal.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { QuestionDesk, QuestionSteps } from "../questions/desk-types.js";
import type { Asker, CallAnswer, CallQuestion } from "../questions/ask-and-wait.js";
import { listQuestions, type QuestionPage, type QuestionQuery } from "../questions/list.js";
import type { AnswerInput, Question } from "../questions/schema.js";
import type { IdempotencyKeys } from "../store/idempotency.js";
import type { Put, Store } from "../store/store.js";
import { wellFormed } from "../well-formed.js";
import { type ActiveRun, runCollection } from "./active-run.js";
import { assertOpen, composeRuns, type RunParts } from "./compose-runs.js";
import { endedOrFull, endRuns } from "./end-runs.js";
import { canceledBy, runFinished } from "./endings.js";
import type { RunHandle } from "./executor.js";
import { type FeedReaders, openFeed } from "./feed.js";
import type { RunManagerEvents, RunPage, RunQuery, RunStats } from "./manager-types.js";
import type { CallOptions, RunManagerOptions } from "./options.js";
import { findLeftRuns } from "./recovery.js";
import type { PruneRule } from "./retention.js";
import { descendantsOf, isWithin } from "./run-tree.js";
import { type InputRecord, parseRunRequest, type RunInputRequest, type RunRequest, type RunSummary } from "./schema.js";
import type { StartDetails } from "./starter.js";
import type { AttachOptions, RunReaders } from "./streams.js";

/** The manager's desk, for records that begin and end in one step with their questions. */
export let questionStepsOf: (manager: RunManager) => QuestionSteps;

/** Starts, keeps, shows and ends runs. Open it before use and close it at the end; two managers share nothing. */
export class RunManager {
  readonly limits: Limits;
  readonly host: Host;
  readonly store: Store;
  /** Replies kept by idempotency key. */
  readonly idempotency: IdempotencyKeys;
  /** Takes secrets out of what is shown, as its options say: for whoever shows more than events. */
  readonly redact: Redact;

  readonly #options: RunManagerOptions;
  readonly #parts: RunParts;
  #closing: Promise<void> | undefined;

  static {
    questionStepsOf = (manager) => manager.#parts.desk;
  }

  /** @throws `invalid_request` naming the wrong option */
  constructor(options: RunManagerOptions = {}) {
    const parts = composeRuns(options, (request, caller) => this.start(request, { caller }));
    this.limits = parts.limits;
    this.host = parts.host;
    this.store = parts.store;
    this.idempotency = parts.idempotency;
    this.redact = parts.redact;
    this.#options = options;
    this.#parts = parts;
  }

  /** Readers of runs: SSE, NDJSON, pages. */
  get streams(): RunReaders {
    return this.#parts.streams;
  }

  /** What changes anywhere, as one stream. */
  get feed(): FeedReaders {
    return this.#parts.feed;
  }

  /** Questions of runs and of everybody else who asks. */
  get desk(): QuestionDesk {
    return this.#parts.desk;
  }

  /** The one writer of the store's streams: for whoever keeps records and events beside runs. Open before use is the manager's. */
  get journal(): Journal {
    return this.#parts.journal;
  }

  /** `open` between `open()` and `close()`. */
  get state(): "new" | "opening" | "open" | "closing" | "closed" {
    return this.#parts.life.state;
  }

  /** Recovers the store: ends what a former life left behind, takes up its queue. Everything else waits for it. */
  async open(): Promise<void> {
    const { life, admission, ids, buffer, journal, questions, keeper, desk, presence, starter, space } = this.#parts;
    if (life.state !== "new") throw new AnodeError("not_open", "A manager is opened once.");
    life.state = "opening";
    // Nothing starts before everything left behind has been looked at.
    admission.pause();
    const newest = await this.store.list(runCollection, { limit: 1 });
    if (newest.items[0]) ids.startAfter(newest.items[0].id);
    await openFeed({ store: this.store, buffer, journal, committed: (events) => questions.tell(events) });
    await keeper.open();
    await desk.recover();
    if (this.#options.onQuestion) presence.join(undefined);
    const left = await findLeftRuns(this.store);
    await this.#options.leftovers?.(left.flatMap((run) => run.processes));
    for (const run of left) await starter.recover(run);
    await space.look();
    life.state = "open";
    if (!this.#options.paused) admission.resume();
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
    return this.#parts.starter.accept(request, details);
  }

  /** @throws `run_not_found` */
  get(id: string): Promise<RunSummary> {
    return this.#parts.records.get(id);
  }

  /** A page of runs, newest first. */
  list(query: RunQuery = {}): Promise<RunPage> {
    return this.#parts.records.list(query);
  }

  /** The record as soon as the run has ended, or when the time is over. @throws `run_not_found` */
  wait(id: string, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<RunSummary> {
    return this.#parts.records.wait(id, options);
  }

  /** Record events (and previews) from the cursor on; ends after the terminal event. @throws `run_not_found` */
  attach(id: string, options: AttachOptions = {}): AsyncIterableIterator<StreamEvent | Preview> {
    return this.#parts.streams.events(id, options);
  }

  /**
   * Cancels a run and all that ends with it; resolves when it has ended.
   * @throws `run_not_found`, `run_finished`, `storage_full` (the process is gone, its end is not recorded yet)
   */
  async cancel(id: string, options: CallOptions & { readonly reason?: string } = {}): Promise<RunSummary> {
    const { caller = localCaller, reason } = options;
    const run = this.#parts.active.get(id);
    if (!run) return canceledOrRefused(await this.get(id));
    if (!run.endingDecided) {
      run.append("run.cancel_requested", { by: caller.id, ...(reason !== undefined && { reason }) });
      this.#parts.admission.remove(id);
      run.end(canceledBy(caller.id, reason));
    }
    await endedOrFull([run], this.#parts);
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
    return this.#parts.followUps.accept(id, input, options);
  }

  /** Whether a run is active, takes queued input, and has not closed it. */
  takesInput(id: string): boolean {
    return this.#parts.followUps.takenBy(id);
  }

  /** All inputs of a run with their states, in order. @throws `run_not_found` */
  inputs(id: string): Promise<InputRecord[]> {
    return this.#parts.followUps.list(id);
  }

  /** Takes back an input that was not delivered. @throws `run_not_found`, `input_not_found`, `input_delivered` */
  withdraw(id: string, inputId: string, options: CallOptions = {}): Promise<void> {
    return this.#parts.followUps.withdraw(id, inputId, options);
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
    return this.#parts.questions.answer(id, questionId, input, options);
  }

  /**
   * Asks for a caller and waits: until somebody answers, the time is over (45 s, at most 55 s unless the limits say
   * otherwise), or the caller is gone, which `signal` says. What a run asks so stands in its events and ends with it.
   * @param asker - whom the caller asks for. @defaultValue what the caller is bound to
   * @throws `correlation_conflict`, `question_closed`, `question_full`, `default_not_denying`, `run_finished`, `storage_full`, `shutting_down`
   */
  async ask(question: CallQuestion, options: CallOptions & { readonly asker?: Asker } = {}): Promise<CallAnswer> {
    assertOpen(this.#parts.life);
    return this.#parts.questions.ask(question, options);
  }

  /** @throws `self_approval`, `scope_required`, `not_the_recipient` */
  assertMayAnswer(question: Question, caller: Caller): Promise<void> {
    return this.#parts.questions.assertMayAnswer(question, caller);
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
    return this.#parts.keeper.prune(rule);
  }

  /** Starts what is queued after a pause. */
  resume(): void {
    this.#parts.admission.resume();
  }

  /** Counts of this moment. */
  async stats(): Promise<RunStats> {
    const { keeper, active, admission, desk, streams, listeners, space } = this.#parts;
    return {
      runs: keeper.counts,
      active: active.size,
      queued: admission.queued,
      questions_open: desk.openCount,
      readers: streams.readers,
      diagnostics: listeners.diagnostics,
      degraded: [...space.degraded, ...(admission.paused ? ["admission_paused"] : [])],
      store: await space.usage(),
    };
  }

  /** Calls the listener until the returned function is called. */
  on<Name extends keyof RunManagerEvents & string>(name: Name, listener: (...data: RunManagerEvents[Name]) => unknown): () => void {
    return this.#parts.listeners.on(name, listener);
  }

  /** Refuses new starts, waits up to `drainMs` for active runs, interrupts the rest, closes the parts. Idempotent. */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? 0);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const { life, admission, buffer, journal, keeper, desk, active, rules } = this.#parts;
    const wasOpen = life.state === "open";
    life.state = "closing";
    keeper.close();
    // Nothing new starts; in a durable store what is queued stays so and starts after the restart.
    admission.pause();
    if (wasOpen) await endRuns(() => this.#unkept(), this.#parts, drainMs);
    await journal.settled();
    desk.stop();
    life.state = "closed";
    for (const run of active.values()) buffer.wake(run.stream);
    buffer.wake(feedStream);
    for (const executor of Object.values(rules.executors)) await executor.close?.();
    await this.store.close();
  }

  /** Active runs that do not start again by themselves after a restart. */
  #unkept(): ActiveRun[] {
    const isKept = (run: ActiveRun): boolean => run.record.status === "queued" && this.store.supports.durable;
    return [...this.#parts.active.values()].filter((run) => !isKept(run));
  }

  #handle(id: string): RunHandle {
    return {
      id,
      done: () => this.wait(id),
      events: () => this.#parts.streams.events(id) as AsyncIterable<StreamEvent>,
      cancel: (reason) => this.cancel(id, reason === undefined ? {} : { reason }),
    };
  }
}

function canceledOrRefused(record: RunSummary): RunSummary {
  if (record.status === "canceled") return record;
  throw runFinished(record);
}
