import { AnodeError, isAnodeError } from "../errors.js";
import { approvalOptions, endWithoutAnswer } from "../questions/judge.js";
import type { Answer, Question, QuestionInput } from "../questions/schema.js";
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
  redact(payload: object): object;
  start(request: RunRequest, parent: ActiveRun): Promise<RunHandle>;
  diagnostic(name: string, data: Readonly<Record<string, unknown>>): void;
}

/** What an executor works with during one run. */
export function createRunContext(run: ActiveRun, ports: ContextPorts): RunContext {
  return new ExecutorContext(run, ports);
}

/** Its members can be taken apart: each is bound when it is first looked at, and most runs look at few. */
class ExecutorContext implements RunContext {
  readonly #run: ActiveRun;
  readonly #ports: ContextPorts;

  constructor(run: ActiveRun, ports: ContextPorts) {
    this.#run = run;
    this.#ports = ports;
  }

  get run(): RunContext["run"] {
    return this.#run.shown;
  }

  get request(): RunContext["request"] {
    return this.#run.request;
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get emit(): RunContext["emit"] {
    return (type, payload) => emit(this.#run, this.#ports, type, payload);
  }

  get preview(): RunContext["preview"] {
    return (type, payload) => {
      if (this.#run.over) return;
      const isNew = this.#run.previews.add(type, this.#ports.redact(payload) as Record<string, unknown>);
      if (isNew) this.#ports.buffer.wake(this.#run.stream);
    };
  }

  get ask(): RunContext["ask"] {
    return (question) => guarded(ask(this.#run, this.#ports, question));
  }

  get input(): RunContext["input"] {
    const { inputs, signal } = this.#run;
    return {
      take: () => inputs.take(),
      next: (options = {}) => inputs.next(options.signal ? AbortSignal.any([signal, options.signal]) : signal),
    };
  }

  get start(): RunContext["start"] {
    return (request) => guarded(this.#ports.start(request, this.#run));
  }

  get idle(): RunContext["idle"] {
    return () => this.#run.idle();
  }
}

/** An executor that does not wait for what it asked for must not take the process down when that is refused. */
function guarded<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

function emit(run: ActiveRun, ports: ContextPorts, type: string, payload: object): Promise<number> {
  try {
    if (isReservedType(type)) throw new AnodeError("reserved_event_type", `Events of type ${type} are the manager's.`);
    return run.append(type, ports.redact(payload) as Record<string, unknown>).committed;
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
  const question: QuestionInput = { timeout_ms, ...input, ...(approving && !input.options && { options: [...approvalOptions] }) };
  try {
    if (ports.desk.openOf(run.id).length >= ports.limits.questionsPerRun) {
      throw new AnodeError("question_full", `The run has ${ports.limits.questionsPerRun} open questions already.`);
    }
    const held = await ports.desk.open({ ...question, stream: run.stream, owner: { run_id: run.id }, unattended });
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
