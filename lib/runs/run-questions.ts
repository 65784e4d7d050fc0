import { type Caller, localCaller } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import type { StreamEvent } from "../events/event.js";
import type { Limits } from "../limits.js";
import { askAndWait, type Asker, type CallAnswer, type CallQuestion } from "../questions/ask-and-wait.js";
import type { Desk } from "../questions/desk.js";
import type { OpenQuestion } from "../questions/desk-types.js";
import { assertMayAnswer } from "../questions/may-answer.js";
import type { AnswerInput, Question } from "../questions/schema.js";
import type { Put } from "../store/store.js";
import type { ActiveRun } from "./active-run.js";
import type { ActiveRuns } from "./active-runs.js";
import { runFinished } from "./endings.js";
import type { Listeners } from "./listeners.js";
import type { CallOptions, RunManagerOptions } from "./options.js";
import type { Presence } from "./presence.js";
import { isWithin, lineageOf } from "./run-tree.js";
import type { Approval, RunSummary } from "./schema.js";

interface Parts {
  readonly desk: Desk;
  readonly limits: Limits;
  readonly active: ActiveRuns;
  readonly presence: Presence;
  readonly options: Pick<RunManagerOptions, "approval" | "onQuestion" | "redact">;
  get(id: string): Promise<RunSummary>;
  readonly listeners: Listeners;
}

/** What runs, and callers beside them, ask at the desk: for whom, under which rule, and who may answer. */
export class RunQuestions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Asks for a caller and waits. */
  async ask(question: CallQuestion, options: CallOptions & { readonly asker?: Asker }): Promise<CallAnswer> {
    const { active, get, limits, options: own, desk } = this.#parts;
    const { caller = localCaller, asker = caller, signal } = options;
    const { peer_id, run_id } = asker;
    const run = run_id === undefined ? undefined : active.get(run_id);
    if (run_id !== undefined && (!run || run.endingDecided || run.record.status === "queued")) throw runFinished(await get(run_id));
    const { correlation_id, timeout_ms = limits.questionWaitMs, ...asked } = (own.redact?.(question) ?? question) as CallQuestion;
    const open: OpenQuestion = {
      ...asked,
      ...(correlation_id !== undefined && { id: correlation_id }),
      ...(peer_id !== undefined && { from_peer_id: peer_id }),
      ...(run && { stream: run.stream, mostOfOwner: limits.questionsPerRun }),
      owner: { ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) },
      asked_by: caller.id,
      timeout_ms: Math.min(timeout_ms, limits.questionWaitCapMs),
      unattended: this.ruleOf(run).unattended,
    };
    return askAndWait(desk, open, signal);
  }

  /** Answers a question of a run. */
  async answer(
    id: string,
    questionId: string,
    input: AnswerInput,
    { caller = localCaller, also }: CallOptions & { readonly also?: (closed: Question) => readonly Put[] },
  ): Promise<Question> {
    const { desk, get } = this.#parts;
    await get(id);
    const question = await desk.get(questionId);
    if (question.run_id !== id) throw new AnodeError("question_not_found", "The run has no such question.");
    await this.assertMayAnswer(question, caller);
    return desk.answer(questionId, input, caller, also);
  }

  /** @throws `self_approval`, `scope_required`, `not_the_recipient` */
  assertMayAnswer(question: Question, caller: Caller): Promise<void> {
    return assertMayAnswer(question, caller, (id, ancestor) => isWithin(this.#parts.get, id, ancestor));
  }

  /** Deadline and rule of a run's questions, or of those that no run asks. */
  ruleOf(run: ActiveRun | undefined): Required<Approval> {
    const { limits, options } = this.#parts;
    return { timeout_ms: limits.questionMs, unattended: "wait", ...options.approval, ...run?.request.approval };
  }

  hasApprover({ run_id }: Question): boolean {
    const { active, presence } = this.#parts;
    return presence.has(lineageOf(run_id === undefined ? undefined : active.get(run_id)));
  }

  /** Tells of what the feed says of questions, those of runs and of everybody else. */
  tell(events: readonly StreamEvent[]): void {
    for (const event of events) {
      if (event.type === "question.asked" || event.type === "question.closed") void this.#tell(event);
    }
  }

  async #tell(event: StreamEvent): Promise<void> {
    const { desk, listeners, options } = this.#parts;
    try {
      const question = await desk.get(String(event.payload["question_id"]));
      listeners.emit("question", question);
      if (event.type !== "question.asked" || question.status === "closed") return;
      const input = await options.onQuestion?.(question);
      if (input) await desk.answer(question.question_id, input, localCaller);
    } catch (error) {
      // Somebody else was faster: nothing odd.
      if (isAnodeError(error) && error.code === "question_closed") return;
      listeners.diagnostics.report("question.handler_failed", { question_id: event.payload["question_id"], error: String(error) });
    }
  }
}
