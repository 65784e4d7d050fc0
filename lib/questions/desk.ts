import { canonicalJson } from "../canonical-json.js";
import type { Caller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { Appended, Draft, Journal, Redact, Step } from "../events/journal.js";
import type { CancelTimer, Host } from "../host.js";
import { createIds, type Ids } from "../ids.js";
import type { Limits } from "../limits.js";
import type { Put, Store, StoredPage } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import { questionCollection } from "./list.js";
import { checkQuestion, endAtDeadline, endWithoutAnswer, judgeAnswer } from "./judge.js";
import type { Answer, AnswerInput, DenyReason, Question, QuestionInput } from "./schema.js";

/** A question to open, with what its owner decides. */
export interface OpenQuestion extends QuestionInput {
  /** Stream that gets `question.asked` and `question.closed`, beside the feed. */
  readonly stream?: string;
  /** Joins the open question of this id when the content is the same. */
  readonly id?: string;
  readonly owner: { readonly run_id?: string; readonly peer_id?: string };
  readonly recipient?: string;
  /** Open questions the owner may have; one more is `question_full`. @defaultValue unbounded */
  readonly mostOfOwner?: number;
  /** `deny`: an approval nobody is there to give is denied. @defaultValue "wait" */
  readonly unattended?: "wait" | "deny";
}

/** A holder's part of an open question. */
export interface HeldQuestion {
  readonly question: Question;
  /** Settles after the ending is durable; never rejects but for a lost store. */
  readonly answer: Promise<Answer>;
  /** Stops waiting; the last holder that leaves cancels the question. */
  leave(): void;
}

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

/** Ends of questions that go into somebody else's step. */
export interface Closing {
  readonly appends: NonNullable<Step["appends"]>;
  readonly puts: readonly Put[];
  readonly feed: readonly Draft[];
  /** Call when the step was taken, with its commit: tells those who wait. */
  taken(step: Appended): void;
}

const longestTimerMs = 2 ** 31 - 1;
const nothingToClose: Closing = { appends: [], puts: [], feed: [], taken: () => {} };

/** The desk as others use it: ask, answer, look. */
export interface QuestionDesk {
  /** Number of open questions. */
  readonly openCount: number;
  /**
   * Opens a question, or joins an equal open one of the same id.
   * @throws `invalid_request`, `default_not_denying`, `question_full`, `correlation_conflict`, `question_closed`
   */
  open(input: OpenQuestion): Promise<HeldQuestion>;
  /**
   * Answers an open question. Of several answers the first one wins.
   * @throws `question_not_found`, `question_closed`, `question_changed`, `invalid_option`, `invalid_answer`, `storage_full`
   */
  answer(questionId: string, input: AnswerInput, caller: Caller): Promise<Question>;
  /** @throws `question_not_found` */
  get(questionId: string): Promise<Question>;
}

/** Questions and their one answer each. It knows no runs: whoever asks hands in a stream and an owner. */
export class Desk implements QuestionDesk {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #redact: Redact;
  readonly #hasApprover: (question: Question) => boolean;
  readonly #ids: Ids;
  readonly #open = new Map<string, Entry>();

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

  /** Takes over the questions a former process left open, and the ids it gave. */
  async recover(): Promise<void> {
    const newest = await this.#store.list(questionCollection, { limit: 1 });
    // Its id may be its asker's own; the time at which it was asked is always ours.
    const newestAt = (newest.items[0]?.record as Question | undefined)?.asked_at;
    if (newestAt !== undefined) this.#ids.startAfterTime(parseTime(newestAt));
    let after: number | undefined;
    for (let more = true; more; ) {
      const page: StoredPage = await this.#store.list(questionCollection, {
        order: "asc",
        limit: 500,
        where: { status: ["open"] },
        ...(after !== undefined && { after }),
      });
      for (const item of page.items) {
        const question = item.record as Question;
        const stream = question.run_id === undefined ? undefined : `run:${question.run_id}`;
        this.#hold(question, item.revision, stream, "wait");
        after = item.ordinal;
      }
      more = page.more;
    }
  }

  /**
   * Opens a question, or joins an equal open one of the same id.
   * @throws `invalid_request`, `default_not_denying`, `question_full`, `correlation_conflict`, `question_closed`
   */
  async open(input: OpenQuestion): Promise<HeldQuestion> {
    const {
      stream: _s,
      id,
      owner: _o,
      recipient: _r,
      mostOfOwner: _m,
      unattended = "wait",
      timeout_ms = this.#limits.questionMs,
      ...told
    } = input;
    checkQuestion(told);
    // As it is shown, so it is kept and so its digest is.
    const content = this.#redact(told);
    const { scope, kind, prompt, options, tool, metadata } = content;
    const digest = await this.#host.digest(canonicalJson({ scope, kind, prompt, options, tool, metadata }));
    const stored = id === undefined || this.#open.has(id) ? undefined : await this.#store.get(questionCollection, id);
    // From here to the append nothing is awaited: what was opened meanwhile is joined, and the limits hold.
    const joined = id === undefined ? undefined : this.#joined(id, stored?.record as Question | undefined, digest);
    const entry = joined ?? this.#ask({ ...input, unattended, timeout_ms }, content, digest);
    await entry.asked?.committed;
    this.#watchPresence(entry);
    return this.#holding(entry);
  }

  /**
   * Answers an open question. Of several answers the first one wins.
   * @throws `question_not_found`, `question_closed`, `question_changed`, `invalid_option`, `invalid_answer`, `storage_full`
   */
  async answer(
    questionId: string,
    input: AnswerInput,
    caller: Caller,
    also: (closed: Question) => readonly Put[] = () => [],
  ): Promise<Question> {
    const entry = this.#open.get(questionId);
    if (!entry) throw closed(await this.get(questionId));
    const ending = judgeAnswer(entry.question, input, caller.id);
    return this.#close(entry, ending, also);
  }

  /** @throws `question_not_found` */
  async get(questionId: string): Promise<Question> {
    const stored = await this.#store.get(questionCollection, questionId);
    if (!stored) throw new AnodeError("question_not_found", "There is no such question.");
    return stored.record as Question;
  }

  /** The ends of all open questions of a run, for the step that ends or aborts it. */
  closing(run_id: string, reason: DenyReason): Closing {
    if (this.#open.size === 0) return nothingToClose;
    const entries = [...this.#open.values()].filter((entry) => entry.question.run_id === run_id);
    const ended = entries.map((entry) => ({ entry, ...this.#ended(entry, endWithoutAnswer(entry.question, reason)) }));
    return {
      appends: ended.flatMap(({ entry, draft }) => (entry.stream === undefined ? [] : [{ ...draft, stream: entry.stream }])),
      puts: ended.map(({ put }) => put),
      feed: ended.map(({ draft }) => draft),
      taken: (step) => {
        for (const { entry, question } of ended) this.#settle(entry, question, step.committed);
      },
    };
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

  /** The open question of this id, when it is an equal one. */
  #joined(id: string, stored: Question | undefined, digest: string): Entry | undefined {
    const entry = this.#open.get(id);
    const known = entry?.question ?? stored;
    if (!known) return undefined;
    if (known.digest !== digest) throw new AnodeError("correlation_conflict", "The id belongs to another question.");
    if (!entry) throw closed(known);
    return entry;
  }

  #ask(about: Required<Pick<OpenQuestion, "unattended" | "timeout_ms">> & OpenQuestion, content: QuestionInput, digest: string): Entry {
    const { stream, id, owner, recipient, mostOfOwner, unattended, timeout_ms } = about;
    this.#assertRoom(owner.run_id, mostOfOwner);
    const now = this.#host.clock.now();
    const question: Question = {
      question_id: id ?? this.#ids.next(),
      ...owner,
      ...(recipient !== undefined && { recipient }),
      ...content,
      digest,
      asked_at: formatTime(now),
      deadline: formatTime(now + timeout_ms),
      status: "open",
    };
    const { status: _status, ...asked } = question;
    const step = this.#journal.append({
      appends: stream === undefined ? [] : [{ stream, type: "question.asked", payload: asked }],
      feed: [{ type: "question.asked", payload: asked, ...owner }],
      puts: [{ collection: questionCollection, id: question.question_id, record: question, expectedRevision: 0 }],
    });
    return this.#hold(question, 1, stream, unattended, step);
  }

  /** @throws `question_full` */
  #assertRoom(run_id: string | undefined, mostOfOwner: number | undefined): void {
    if (this.#open.size >= this.#limits.questions) {
      throw new AnodeError("question_full", `There are ${this.#limits.questions} open questions already.`, { retryAfterSeconds: 5 });
    }
    if (mostOfOwner !== undefined && run_id !== undefined && this.openOf(run_id).length >= mostOfOwner) {
      throw new AnodeError("question_full", `The run has ${mostOfOwner} open questions already.`);
    }
  }

  #hold(question: Question, revision: number, stream: string | undefined, unattended: "wait" | "deny", asked?: Appended): Entry {
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
    this.#armDeadline(entry);
    return entry;
  }

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

  #armDeadline(entry: Entry): void {
    const leftMs = parseTime(entry.question.deadline) - this.#host.clock.now();
    const task = leftMs > longestTimerMs ? () => this.#armDeadline(entry) : () => this.#closeQuietly(entry, endAtDeadline(entry.question));
    entry.cancelDeadline = this.#host.clock.schedule(task, Math.min(Math.max(leftMs, 0), longestTimerMs));
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
    if (!this.#open.has(entry.question.question_id)) return;
    this.#close(entry, ending).catch((error: unknown) => {
      this.#host.log("warn", "question.close_failed", { question_id: entry.question.question_id, error: String(error) });
    });
  }

  async #close(entry: Entry, ending: Answer, also: (closed: Question) => readonly Put[] = () => []): Promise<Question> {
    const { question, kept, draft, put } = this.#ended(entry, ending);
    if (this.#journal.full && ending.by !== undefined) {
      throw new AnodeError("storage_full", "The disk has no space left for the answer; free some and answer again.");
    }
    const { committed } = this.#journal.append({
      appends: entry.stream === undefined ? [] : [{ ...draft, stream: entry.stream }],
      feed: [draft],
      puts: [put, ...also(kept)],
    });
    this.#settle(entry, question, committed);
    await committed;
    return kept;
  }

  /** `question` is for those who wait, as it was answered; `kept` is for everybody else. */
  #ended(entry: Entry, ending: Answer): { question: Question; kept: Question; draft: Draft; put: Put } {
    const { question_id, run_id, peer_id } = entry.question;
    const question: Question = { ...entry.question, status: "closed", ...ending, closed_at: formatTime(this.#host.clock.now()) };
    const kept = this.#redact(question);
    const owner = { ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) };
    return {
      question,
      kept,
      draft: { type: "question.closed", payload: { question_id, ...ending }, ...owner },
      put: { collection: questionCollection, id: question_id, record: kept, expectedRevision: entry.revision },
    };
  }

  /** From here on the question is over for everybody; those who wait hear of it when the ending is durable. */
  #settle(entry: Entry, question: Question, committed: Promise<unknown>): void {
    this.#open.delete(question.question_id);
    entry.cancelDeadline();
    entry.cancelAbsence?.();
    const { outcome = "canceled", decision, option_id, text, message, reason, by, defaulted } = question;
    const ending: Answer = {
      outcome,
      ...(decision !== undefined && { decision }),
      ...(option_id !== undefined && { option_id }),
      ...(text !== undefined && { text }),
      ...(message !== undefined && { message }),
      ...(reason !== undefined && { reason }),
      ...(by !== undefined && { by }),
      ...(defaulted !== undefined && { defaulted }),
    };
    committed.then(() => entry.answered.resolve(ending), entry.answered.reject);
  }
}

function closed(question: Question): AnodeError {
  return new AnodeError("question_closed", "The question has ended; the answer has no effect.", {
    details: {
      ...(question.outcome !== undefined && { outcome: question.outcome }),
      ...(question.closed_at !== undefined && { closed_at: question.closed_at }),
    },
  });
}
