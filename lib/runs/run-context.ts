import { AnodeError, isAnodeError } from "../errors.js";
import { approvalOptions, endWithoutAnswer } from "../questions/judge.js";
import { parseWith } from "../parse.js";
import { type Answer, type Question, type QuestionInput, questionInput } from "../questions/schema.js";
import type { Desk } from "../questions/desk.js";
import type { EventBuffer } from "../events/buffer.js";
import type { Limits } from "../limits.js";
import type { ActiveRun } from "./active-run.js";
import { isReservedType, type RunContext, type RunHandle } from "./executor.js";
import type { Approval, RunRequest } from "./schema.js";

/** What a context needs beside its run. */
export interface ContextPorts {
  readonly desk: Desk;
  readonly buffer: EventBuffer;
  readonly limits: Limits;
  /** Deadline and rule of the run's questions. */
  approval(run: ActiveRun): Required<Approval>;
  start(request: RunRequest, parent: ActiveRun): Promise<RunHandle>;
  diagnostic(name: string, data: Readonly<Record<string, unknown>>): void;
}

/** What an executor works with during one run. It may be taken apart, and copied with other members. */
class OwnContext implements RunContext {
  // Made when it is looked at: most runs are never aborted, and a signal is the dearest part of them. One getter for all contexts: with
  // one of its own each would have a shape of its own.
  static readonly #signal = {
    enumerable: true,
    get(this: OwnContext): AbortSignal {
      return this.#active.signal;
    },
  };
  readonly #active: ActiveRun;
  readonly run: RunContext["run"];
  readonly request: RunContext["request"];
  declare readonly signal: AbortSignal;
  readonly emit: RunContext["emit"];
  readonly preview: RunContext["preview"];
  readonly ask: RunContext["ask"];
  readonly input: RunContext["input"];
  readonly start: RunContext["start"];
  readonly idle: RunContext["idle"];

  constructor(run: ActiveRun, ports: ContextPorts) {
    this.#active = run;
    this.run = run.shown;
    this.request = run.request;
    Object.defineProperty(this, "signal", OwnContext.#signal);
    this.emit = (type, payload) => emit(run, ports, type, payload);
    this.preview = (type, payload) => {
      if (run.over) return;
      if (run.previews.add(type, payload as Record<string, unknown>)) ports.buffer.wake(run.stream);
    };
    this.ask = (question) => guarded(ask(run, ports, question));
    this.input = {
      take: () => run.inputs.take(),
      next: (options = {}) => run.inputs.next(options.signal ? AbortSignal.any([run.signal, options.signal]) : run.signal),
    };
    this.start = (request) => guarded(ports.start(request, run));
    this.idle = () => run.idle();
  }
}

/** Makes the context of a run. */
export function createRunContext(run: ActiveRun, ports: ContextPorts): RunContext {
  return new OwnContext(run, ports);
}

/** An executor that does not wait for what it asked for must not take the process down when that is refused. */
function guarded<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

function emit(run: ActiveRun, ports: ContextPorts, type: string, payload: object): Promise<number> {
  try {
    if (isReservedType(type)) throw new AnodeError("reserved_event_type", `Events of type ${type} are the manager's.`);
    return run.append(type, payload as Record<string, unknown>).committed;
  } catch (error) {
    if (isAnodeError(error) && error.code === "run_finished") ports.diagnostic("run.late_event", { run_id: run.id, type });
    return guarded(Promise.reject(error));
  }
}

async function ask(run: ActiveRun, ports: ContextPorts, input: QuestionInput): Promise<Answer> {
  const denied = (reason: "canceled" | "no_approver"): Answer => endWithoutAnswer(input as unknown as Question, reason);
  if (run.endingDecided) return denied("canceled");
  const approving = input.scope === "tool_permission";
  const { timeout_ms, unattended } = ports.approval(run);
  // Executors may be written without types: what is no question would be one that nobody can answer.
  const question = parseWith(questionInput, {
    timeout_ms,
    ...input,
    ...(approving && !input.options && { options: [...approvalOptions] }),
  });
  try {
    const mostOfOwner = ports.limits.questionsPerRun;
    const held = await ports.desk.open({ ...question, stream: run.stream, owner: { run_id: run.id }, mostOfOwner, unattended });
    return await held.answer;
  } catch (error) {
    if (!isAnodeError(error)) throw error;
    // The run ended while the question was being opened.
    if (error.code === "run_finished") return denied("canceled");
    if (error.code !== "question_full" || !approving) throw error;
    run.append("system.notice", { level: "warning", code: "question_full", text: error.message });
    return denied("no_approver");
  }
}
