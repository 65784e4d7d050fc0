import { canonicalJson } from "../canonical-json.js";
import type { Caller } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Journal, Redact } from "../events/journal.js";
import type { Appended, Step } from "../events/step.js";
import type { CancelTimer, Host } from "../host.js";
import { createIds, type Ids } from "../ids.js";
import type { Limits } from "../limits.js";
import { everyRecord } from "../store/every-record.js";
import type { Put, Store } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { HeldQuestion, OpenQuestion, PreparedQuestion, QuestionDesk, QuestionStep, QuestionSteps } from "./desk-types.js";
import { questionCollection } from "./list.js";
import { checkQuestion, endAtDeadline, endWithoutAnswer, judgeAnswer } from "./judge.js";
import type { Answer, AnswerInput, DenyReason, Question } from "./schema.js";

interface Entry {
  /** The step that opened it; absent for one of a former process. */
  readonly asked: Appended | undefined;
  question: Question;
  revision: number;
  readonly stream: string | undefined;
  readonly unattended: "wait" | "deny";
  readonly answered: PromiseWithResolvers<Answer>;
  holders: number;
  cancelDeadline: CancelTimer;
  cancelAbsence: CancelTimer | undefined;
  /** An approver has been there: from now on the last one's leaving has a grace. */
  attended: boolean;
}

const longestTimerMs = 2 ** 31 - 1;
const nothing: Step = {};

/** Questions and their one answer each. It knows no runs: whoever asks hands in a stream and an owner. */
export class Desk implements QuestionDesk, QuestionSteps {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #redact: Redact;
  readonly #hasApprover: (question: Question) => boolean;
  readonly #ids: Ids;
  readonly #open = new Map<string, Entry>();
  /** Those of the open ones that somebody waits for at a held connection or in a run; one on an ask waits in the inbox of its recipient. */
  #awaited = 0;
  #isShut = false;
  #alongside: (closed: Question) => Step = () => nothing;

  constructor(parts: {
    journal: Journal;
    store: Store;
    host: Host;
    limits: Limits;
    redact?: Redact;
    hasApprover: (question: Question) => boolean;
  }) {
    this.#journal = parts.journal;
    this.#store = parts.store;
    this.#host = parts.host;
    this.#limits = parts.limits;
    this.#redact = parts.redact ?? ((value) => value);
    this.#hasApprover = parts.hasApprover;
    this.#ids = createIds("Q", parts.host.clock);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Open questions of one owner, oldest first. */
  openOf(run_id: string): Question[] {
    return [...this.#open.values()].filter((entry) => entry.question.run_id === run_id).map((entry) => entry.question);
  }

  /** Takes over the questions a former process left open, and the ids it gave. Those that a call waited for end: the call is gone. */
  async recover(): Promise<void> {
    const newest = await this.#store.list(questionCollection, { limit: 1 });
    // Its id may be its asker's own; the time at which it was asked is always ours.
    const newestAt = (newest.items[0]?.record as Question | undefined)?.asked_at;
    if (newestAt !== undefined) this.#ids.startAfterTime(parseTime(newestAt));
    for await (const { revision, record } of everyRecord(this.#store, questionCollection, { where: { status: ["open"] } })) {
      const question = record as Question;
      const stream = question.run_id === undefined ? undefined : `run:${question.run_id}`;
      this.#hold(question, { revision, stream, leftMs: parseTime(question.deadline) - this.#host.clock.now() });
    }
    await this.endCalls("restart");
  }

  async open(input: OpenQuestion): Promise<HeldQuestion> {
    const prepared = await this.prepare(input);
    const { id } = input;
    const stored = id === undefined || this.#open.has(id) ? undefined : await this.#stored(id);
    // From here to the append nothing is awaited: what was opened meanwhile is joined, and the limits hold.
    const known = id === undefined ? undefined : (this.#open.get(id)?.question ?? stored);
    if (known) assertSame(known, prepared);
    if (known && !this.#open.has(known.question_id)) return this.#ended(known);
    const entry = (known && this.#open.get(known.question_id)) ?? this.#ask(prepared);
    const held = this.#holding(entry);
    try {
      await (entry.asked && heardOf(entry, entry.asked));
    } catch (error) {
      // One that others have built on is there all the same.
      if (entry.asked?.isHeld) held.leave();
      else this.#forget(entry, error);
      // Opened and ended by somebody else since it was looked up: by now it can be found.
      if (id !== undefined && isAnodeError(error) && error.code === "stale_commit") return this.open(input);
      throw error;
    }
    this.#watchPresence(entry);
    return held;
  }

  async prepare(input: OpenQuestion): Promise<PreparedQuestion> {
    const {
      stream: _s,
      id: _i,
      owner: _o,
      from_peer_id: _f,
      recipient: _r,
      origin: _g,
      asked_by: _b,
      mostOfOwner: _m,
      unattended: _u,
      timeout_ms: _t,
      ...told
    } = input;
    checkQuestion(told);
    // As it is shown, so it is kept and so its digest is.
    const content = this.#redact(told);
    const { scope, kind, prompt, options, tool, metadata } = content;
    const digest = await this.#host.digest(canonicalJson({ scope, kind, prompt, options, tool, metadata }));
    return { asked: input, content, digest };
  }

  opening(prepared: PreparedQuestion): QuestionStep {
    const { timeout_ms: leftMs = this.#limits.questionMs, stream, id, owner, mostOfOwner, unattended } = prepared.asked;
    const { from_peer_id, recipient, origin, asked_by } = prepared.asked;
    // A run has an end of its own, and takes its questions with it.
    if (this.#isShut && owner.run_id === undefined) throw new AnodeError("shutting_down", "Shutdown has begun.", { retryAfterSeconds: 5 });
    // The one that is open would be lost, and whoever waits for it would wait for ever.
    if (id !== undefined && this.#open.has(id)) throw conflict();
    if (isAwaited(prepared.content)) this.#assertRoom(owner.run_id, mostOfOwner);
    const now = this.#host.clock.now();
    const question: Question = {
      question_id: id ?? this.#ids.next(),
      ...owner,
      ...(from_peer_id !== undefined && { from_peer_id }),
      ...(recipient !== undefined && { recipient }),
      ...(origin !== undefined && { origin }),
      ...(asked_by !== undefined && { asked_by }),
      ...prepared.content,
      digest: prepared.digest,
      asked_at: formatTime(now),
      deadline: formatTime(now + leftMs),
      status: "open",
    };
    const { status: _status, ...asked } = question;
    const step: Step = {
      appends: stream === undefined ? [] : [{ stream, type: "question.asked", payload: asked }],
      feed: [{ type: "question.asked", payload: asked, ...owner }],
      puts: [{ collection: questionCollection, id: question.question_id, record: question, expectedRevision: 0 }],
      // A run's event cannot be taken back; a question that nobody has seen can.
      whenFull: stream === undefined ? "refuse" : "hold",
      taken: (appended) => {
        const entry = this.#hold(question, { revision: 1, stream, unattended, leftMs, asked: appended });
        appended.committed.catch((error: unknown) => this.#forget(entry, error));
      },
    };
    return { question, step };
  }

  async answer(
    questionId: string,
    input: AnswerInput,
    caller: Caller,
    also: (closed: Question) => readonly Put[] = () => [],
  ): Promise<Question> {
    const entry = this.#open.get(questionId);
    if (!entry) throw closed(await this.get(questionId));
    return this.#close(entry, judgeAnswer(entry.question, input, caller.id), also);
  }

  answering(questionId: string, input: AnswerInput, caller: Caller): QuestionStep {
    const entry = this.#open.get(questionId);
    if (!entry) throw closed();
    return this.#closing(entry, judgeAnswer(entry.question, input, caller.id));
  }

  async get(questionId: string): Promise<Question> {
    const stored = await this.#store.get(questionCollection, questionId);
    if (!stored) throw new AnodeError("question_not_found", "There is no such question.");
    return stored.record as Question;
  }

  /** The ends of all open questions of a run, for the step that ends or aborts it. */
  closing(run_id: string, reason: DenyReason): Step {
    return this.#closingAll((question) => question.run_id === run_id, reason);
  }

  closingOf(questionIds: readonly string[], reason: DenyReason): Step {
    return this.#closingAll((question) => questionIds.includes(question.question_id), reason);
  }

  /** Ends what only a call or a program waits for, that is, everything that belongs to no run and to no ask. */
  async endCalls(reason: "restart" | "shutdown"): Promise<void> {
    this.#isShut = reason === "shutdown";
    const step = this.#closingAll(({ run_id, scope }) => run_id === undefined && scope !== "mesh_ask", reason);
    if (step === nothing) return;
    this.#journal.append(step);
    // On a full disk they have ended all the same, and nobody waits here for space.
    await this.#journal.settled();
  }

  alongside(add: (closed: Question) => Step): void {
    this.#alongside = add;
  }

  /** An approver came or left: looks again at what must not stay unattended. */
  presenceChanged(): void {
    for (const entry of this.#open.values()) this.#watchPresence(entry);
  }

  /** Stops the timers; what is open stays open in the store, to be closed at the next start. */
  stop(): void {
    for (const entry of this.#open.values()) {
      entry.cancelDeadline();
      entry.cancelAbsence?.();
    }
  }

  async #stored(id: string): Promise<Question | undefined> {
    const look = async (): Promise<Question | undefined> => (await this.#store.get(questionCollection, id))?.record as Question | undefined;
    const found = await look();
    if (found?.status !== "open" || this.#open.has(id)) return found;
    // It has ended, and its end is on its way to the store.
    await this.#journal.settled();
    return look();
  }

  #ask(prepared: PreparedQuestion): Entry {
    const { question, step } = this.opening(prepared);
    this.#journal.append(step);
    return this.#open.get(question.question_id) as Entry;
  }

  /** @throws `question_full` */
  #assertRoom(run_id: string | undefined, mostOfOwner: number | undefined): void {
    if (this.#awaited >= this.#limits.questions) {
      throw new AnodeError("question_full", `There are ${this.#limits.questions} open questions already.`, { retryAfterSeconds: 5 });
    }
    if (mostOfOwner !== undefined && run_id !== undefined && this.openOf(run_id).length >= mostOfOwner) {
      throw new AnodeError("question_full", `The run has ${mostOfOwner} open questions already.`);
    }
  }

  /** Gives what ended to a caller that may have missed it. @throws `question_closed` when that was too long ago */
  #ended(question: Question): HeldQuestion {
    const endedMs = question.closed_at === undefined ? 0 : parseTime(question.closed_at);
    if (this.#host.clock.now() - endedMs >= this.#limits.lostReplyMs) throw closed(question);
    return { question, answer: Promise.resolve(endingOf(question)), leave: () => {} };
  }

  #hold(
    question: Question,
    how: { revision: number; stream: string | undefined; leftMs: number; unattended?: "wait" | "deny" | undefined; asked?: Appended },
  ): Entry {
    const { revision, stream, leftMs, unattended = "wait", asked } = how;
    const entry: Entry = {
      asked,
      question,
      revision,
      stream,
      unattended,
      answered: Promise.withResolvers<Answer>(),
      holders: 0,
      cancelDeadline: () => {},
      cancelAbsence: undefined,
      attended: false,
    };
    entry.answered.promise.catch(() => {});
    this.#open.set(question.question_id, entry);
    if (isAwaited(question)) this.#awaited += 1;
    this.#armDeadline(entry, leftMs);
    return entry;
  }

  /** Takes back a question whose step was refused: it was never there. */
  #forget(entry: Entry, error: unknown): void {
    this.#remove(entry);
    entry.answered.reject(error);
  }

  #remove(entry: Entry): void {
    entry.cancelDeadline();
    entry.cancelAbsence?.();
    const { question_id } = entry.question;
    if (this.#open.get(question_id) !== entry) return;
    this.#open.delete(question_id);
    if (isAwaited(entry.question)) this.#awaited -= 1;
  }

  /** Counts a holder at once: one that leaves must not end the question of another that is about to wait. */
  #holding(entry: Entry): HeldQuestion {
    entry.holders += 1;
    let held = true;
    return {
      question: entry.question,
      answer: entry.answered.promise,
      leave: () => {
        if (!held) return;
        held = false;
        entry.holders -= 1;
        if (entry.holders === 0) this.#closeQuietly(entry, endWithoutAnswer(entry.question, "canceled"));
      },
    };
  }

  /** Measured on the monotonic clock: the deadline of the record is for readers. */
  #armDeadline(entry: Entry, leftMs: number): void {
    const thisMs = Math.min(Math.max(leftMs, 0), longestTimerMs);
    const end = (): void => this.#closeQuietly(entry, endAtDeadline(entry.question));
    entry.cancelDeadline = this.#host.clock.schedule(() => (leftMs > thisMs ? this.#armDeadline(entry, leftMs - thisMs) : end()), thisMs);
  }

  #watchPresence(entry: Entry): void {
    if (entry.unattended !== "deny" || entry.question.scope !== "tool_permission") return;
    if (this.#hasApprover(entry.question)) {
      entry.attended = true;
      entry.cancelAbsence?.();
      entry.cancelAbsence = undefined;
      return;
    }
    const deny = (): void => this.#closeQuietly(entry, endWithoutAnswer(entry.question, "no_approver"));
    if (!entry.attended) deny();
    else entry.cancelAbsence ??= this.#host.clock.schedule(deny, this.#limits.approverGraceMs);
  }

  #closeQuietly(entry: Entry, ending: Answer): void {
    if (this.#open.get(entry.question.question_id) !== entry) return;
    this.#close(entry, ending).catch((error: unknown) => {
      this.#host.log("warn", "question.close_failed", { question_id: entry.question.question_id, error: String(error) });
    });
  }

  async #close(entry: Entry, ending: Answer, also: (closed: Question) => readonly Put[] = () => []): Promise<Question> {
    if (ending.by !== undefined) this.#journal.assertSpace("this answer");
    const { kept, question, step } = this.#closing(entry, ending);
    const appended = this.#journal.append(joinSteps(step, { puts: also(kept) }, this.#alongside(question)));
    await (ending.by === undefined ? appended.committed : appended.kept);
    return kept;
  }

  #closingAll(concerns: (question: Question) => boolean, reason: DenyReason): Step {
    if (this.#open.size === 0) return nothing;
    const entries = [...this.#open.values()].filter((entry) => concerns(entry.question));
    if (entries.length === 0) return nothing;
    return joinSteps(...entries.map((entry) => this.#closing(entry, endWithoutAnswer(entry.question, reason)).step));
  }

  /** `question` is for those who wait, as it was answered; `kept` is for everybody else. */
  #closing(entry: Entry, ending: Answer): QuestionStep & { readonly kept: Question } {
    const { question_id, run_id, peer_id } = entry.question;
    const question: Question = { ...entry.question, status: "closed", ...ending, closed_at: formatTime(this.#host.clock.now()) };
    const kept = this.#redact(question);
    const owner = { ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) };
    const draft = { type: "question.closed", payload: { question_id, ...ending }, ...owner } as const;
    const step: Step = {
      appends: entry.stream === undefined ? [] : [{ ...draft, stream: entry.stream }],
      puts: [{ collection: questionCollection, id: question_id, record: kept, expectedRevision: entry.revision }],
      feed: [draft],
      taken: (appended) => this.#settle(entry, question, appended),
    };
    return { question, kept, step };
  }

  /** From here on the question is over for everybody; those who wait hear of it when the ending is durable. */
  #settle(entry: Entry, question: Question, appended: Appended): void {
    this.#remove(entry);
    const ending = endingOf(question);
    heardOf(entry, appended).then(() => entry.answered.resolve(ending), entry.answered.reject);
  }
}

/** When whoever waits for a question hears of a step of it: a run waits for space with everything that it does, a call does not. */
function heardOf({ stream }: Entry, step: Appended): Promise<unknown> {
  return stream === undefined ? step.kept : step.committed;
}

/** The limit of open questions protects those who wait for an answer: open asks have limits of their own, and must not use it up. */
function isAwaited({ scope }: Pick<Question, "scope">): boolean {
  return scope !== "mesh_ask";
}

/** The part of a closed question that answers it. */
function endingOf({ outcome = "canceled", decision, option_id, text, message, reason, by, defaulted }: Question): Answer {
  return {
    outcome,
    ...(decision !== undefined && { decision }),
    ...(option_id !== undefined && { option_id }),
    ...(text !== undefined && { text }),
    ...(message !== undefined && { message }),
    ...(reason !== undefined && { reason }),
    ...(by !== undefined && { by }),
    ...(defaulted !== undefined && { defaulted }),
  };
}

/** @throws `correlation_conflict` unless the question is the same one, asked by the same caller */
function assertSame(known: Question, { asked, digest }: PreparedQuestion): void {
  const { owner, asked_by } = asked;
  const isSame = known.digest === digest && known.asked_by === asked_by && known.run_id === owner.run_id && known.peer_id === owner.peer_id;
  if (!isSame) throw conflict();
}

function conflict(): AnodeError {
  return new AnodeError("correlation_conflict", "The id belongs to another question, or to that of another caller.");
}

function closed({ outcome, closed_at }: Partial<Question> = {}): AnodeError {
  return new AnodeError("question_closed", "The question has ended; the answer has no effect.", {
    details: { ...(outcome !== undefined && { outcome }), ...(closed_at !== undefined && { closed_at }) },
  });
}
