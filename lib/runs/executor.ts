import type { Answer, QuestionInput } from "../questions/schema.js";
import type { PayloadOf } from "../events/event-payloads.js";
import type { PermissionDenial } from "./event-payloads.js";
import type { NormalRequest, Supports } from "./normal-request.js";
import type { ApprovalMode, RunRequest, RunSummary, StopReason } from "./schema.js";

/** A named way to run a request. An absent executor means `agent`. */
export interface Profile {
  /** A registered executor's name, or a reference with the executor's own settings. */
  readonly executor?: string | { readonly kind: string; readonly [setting: string]: unknown };
  readonly aliases?: readonly string[];
  readonly model?: string;
  readonly max_turns?: number;
  readonly approval_mode?: ApprovalMode;
  readonly tools?: readonly string[];
  readonly [setting: string]: unknown;
}

/** What `prepare` answers: the abilities of this run and the request with what became effective. */
export interface Prepared {
  readonly supports: Supports;
  readonly request: NormalRequest;
}

/**
 * Runs requests of one kind. The manager calls `prepare` before the run is accepted, `execute` once after it was
 * started, and `close` when the manager closes, after all runs ended. Calls for different runs overlap and share nothing.
 */
export interface Executor {
  /** Name of the kind, as in the record's `executor` for built-in ones. */
  readonly kind: string;
  /** The most it can do; `prepare` answers what holds for one request. */
  readonly supports: Supports;
  /**
   * Judges a request before anything is stored: answers what holds for it, or throws a named refusal
   * (`model_unavailable`, `session_not_found`, `executor_unavailable`, …). It starts nothing and takes no lock.
   * Without it `supports` and the request stand as they are.
   */
  prepare?(request: NormalRequest, profile: Profile): Promise<Prepared> | Prepared;
  /**
   * Does the work and tells its outcome. Events go out in the order of `emit` calls. After `context.signal` aborts it
   * must settle within the grace, else the run is ended with `forced: true`. A throw is `failed` with its cause.
   */
  execute(context: RunContext): Promise<Outcome>;
  /** Frees what the executor owns; idempotent. */
  close?(): Promise<void>;
}

const reservedTypes = ["run.", "question.", "input.", "budget.", "system.gap"];

/** True for an event type that only the manager may append. */
export function isReservedType(type: string): boolean {
  return reservedTypes.some((prefix) => type.startsWith(prefix));
}

/** What an executor may use during one run. */
export interface RunContext {
  /** The record when the run started. */
  readonly run: RunSummary;
  readonly request: NormalRequest;
  /** Aborts with an AnodeError as reason: `canceled`, `parent_ended`, `budget_exceeded` or `shutting_down`. */
  readonly signal: AbortSignal;
  /**
   * Appends an event; resolves with its seq after the commit. Stays pending while too much is uncommitted: an executor
   * that awaits it cannot outrun the store.
   * @throws `reserved_event_type`; `run_finished` after the terminal event
   */
  emit<Type extends string>(type: Type, payload: PayloadOf<Type>): Promise<number>;
  /** Shows growing text to those who ask for previews; never stored. */
  preview<Type extends string>(type: Type, payload: PayloadOf<Type>): void;
  /** Asks and waits. Abort, deadline and shutdown settle it with a denial; it never rejects for those. */
  ask(question: QuestionInput): Promise<Answer>;
  readonly input: {
    /** The next pending steer, or `undefined`; never waits. For a step boundary. */
    take(kind: "steer"): RunInput | undefined;
    /** The next task, steers first. `undefined` = no more input will come. */
    next(options?: { readonly signal?: AbortSignal }): Promise<RunInput | undefined>;
  };
  /** Starts a child run: same rules, `parent_id` set, the caller is this run. */
  start(request: RunRequest): Promise<RunHandle>;
  /** Tells that the run does nothing until its next input (an interactive process): its slot is free until then. */
  idle(): void;
}

/** One accepted follow-up. */
export interface RunInput {
  readonly input_id: string;
  readonly delivery: "queue" | "steer";
  readonly text: string;
  /** The agent has it now. */
  delivered(): Promise<void>;
  /** Leaves it pending at its place. */
  putBack(): void;
}

/** How the work ended, as the executor sees it. */
export interface Outcome {
  readonly status: "completed" | "failed";
  readonly stop_reason: StopReason;
  readonly result?: string;
  readonly error?: string;
  readonly error_code?: string;
  readonly exit_code?: number;
  readonly signal?: string;
  readonly num_turns?: number;
  readonly session_id?: string;
  /** Calls that were not allowed to run. */
  readonly permission_denials?: readonly PermissionDenial[];
}

/** A started run. */
export interface RunHandle {
  readonly id: string;
  /** The record when the run has ended. */
  done(): Promise<RunSummary>;
  /** All record events from the first; ends after the terminal one. */
  events(): AsyncIterable<import("../events/event.js").StreamEvent>;
  /** @throws `run_finished` */
  cancel(reason?: string): Promise<RunSummary>;
}
