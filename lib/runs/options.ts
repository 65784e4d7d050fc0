import type { Caller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { EventBuffer } from "../events/buffer.js";
import type { Host } from "../host.js";
import { type Limits, resolveLimits } from "../limits.js";
import type { AnswerInput, Question } from "../questions/schema.js";
import type { Store } from "../store/store.js";
import type { Folders } from "./accept.js";
import type { Executor, Profile } from "./executor.js";
import type { CommandTemplate } from "./normal-request.js";
import type { ApprovalCeiling, ProcessPolicy } from "./policy.js";
import { type Approval, type ApprovalMode, approval, approvalMode, type Budget, budget } from "./schema.js";

/** A process a former life of the manager may have left behind. */
export interface RecordedProcess {
  readonly run_id: string;
  readonly pid: number;
  readonly start_ticks: number;
  readonly boot_id: string;
}

/** How long ended runs are kept; what is absent has the limit's default. */
export interface Retention {
  /** Ended runs kept at most. */
  readonly keep?: number;
  /** Age in milliseconds beyond which an ended run goes. */
  readonly older_than_ms?: number;
}

/** Everything a `RunManager` can be told. All of it is optional but the executors one wants to use. */
export interface RunManagerOptions {
  /** By the name profiles refer to. */
  readonly executors?: Readonly<Record<string, Executor>>;
  /** Laid over the built-in names `craft`, `quick`, `study`, `review`, `oracle` and those of foreign agents, `claude`, `codex`, `gemini`, `opencode`. */
  readonly profiles?: Readonly<Record<string, Profile>>;
  /** Named commands for the executor `process`. */
  readonly commands?: Readonly<Record<string, CommandTemplate>>;
  /** @defaultValue "craft" */
  readonly defaultProfile?: string;
  /** @defaultValue a memory store */
  readonly store?: Store;
  /** @defaultValue a ring in memory */
  readonly events?: EventBuffer;
  /** @defaultValue `systemHost` */
  readonly host?: Host;
  /** Runs of depth 0 at once. @defaultValue 8 */
  readonly concurrency?: number;
  /** Runs at once in each deeper lane. @defaultValue 16 */
  readonly childConcurrency?: number;
  /** Running runs per key. @defaultValue no cap */
  readonly keyConcurrency?: number;
  /** Queued runs. @defaultValue 1000 */
  readonly queueLimit?: number;
  /** @defaultValue `{admin: "unrestricted", other: "auto"}` */
  readonly approvalCeiling?: ApprovalCeiling;
  /** Mode of runs whose request and profile name none. @defaultValue "ask" */
  readonly approvalMode?: ApprovalMode;
  /** Defaults for the questions of runs. @defaultValue 10 minutes, `wait` */
  readonly approval?: Approval;
  /** Defaults for all runs. */
  readonly budget?: Budget;
  /** Time an executor has after an abort, in milliseconds. @defaultValue 5000 */
  readonly graceMs?: number;
  readonly retention?: Retention;
  readonly limits?: Partial<Limits>;
  /** Which callers may name free commands. @defaultValue `{argv: "socket", shell: false}` */
  readonly process?: ProcessPolicy;
  /** Which folders runs may work in. @defaultValue any, unchecked */
  readonly folders?: Folders;
  /** Takes secrets out of everything that becomes an event. @defaultValue nothing is changed */
  readonly redact?: (payload: object) => object;
  /**
   * Where in a growing text something begins that may turn out to be secret in its next piece; the text's length where nothing does.
   * What lies behind is shown with the next piece. @defaultValue nothing is held back
   */
  readonly heldFrom?: (text: string) => number;
  /** Answers questions; with it an approver is always present. `undefined` leaves the question open. */
  readonly onQuestion?: (question: Question) => AnswerInput | undefined | Promise<AnswerInput | undefined>;
  /** Ends the processes a former life left behind; called by `open()` before anything is accepted. */
  readonly leftovers?: (recorded: readonly RecordedProcess[]) => Promise<void>;
  /** Accept and queue, start nothing until `resume()`. @defaultValue false */
  readonly paused?: boolean;
  /** The store is lost and the manager with it. */
  readonly onFailed?: (error: AnodeError) => void;
}

/** Who calls, and what else a single call may say. */
export interface CallOptions {
  readonly caller?: Caller;
  readonly signal?: AbortSignal;
}

const integers = {
  concurrency: 10_000,
  childConcurrency: 10_000,
  keyConcurrency: 10_000,
  queueLimit: 1_000_000,
  graceMs: 600_000,
} as const;
const objects = ["executors", "profiles", "commands", "store", "events", "host", "retention", "process", "folders"] as const;
const functions = ["redact", "heldFrom", "onQuestion", "leftovers", "onFailed"] as const;
const known = new Set<string>([
  ...Object.keys(integers),
  ...objects,
  ...functions,
  "defaultProfile",
  "approvalCeiling",
  "approvalMode",
  "approval",
  "budget",
  "limits",
  "paused",
]);

/**
 * Checks every option.
 * @throws `invalid_request` naming the option, what was expected and what came
 */
export function checkOptions(options: RunManagerOptions): Limits {
  for (const name of Object.keys(options)) if (!known.has(name)) throw wrong(name, "an option of RunManager", name);
  for (const [name, max] of Object.entries(integers)) {
    const value = options[name as keyof typeof integers];
    if (value !== undefined && (!Number.isInteger(value) || value < 1 || value > max))
      throw wrong(name, `an integer from 1 to ${max}`, value);
  }
  for (const name of objects)
    if (options[name] !== undefined && (typeof options[name] !== "object" || options[name] === null))
      throw wrong(name, "an object", options[name]);
  for (const name of functions)
    if (options[name] !== undefined && typeof options[name] !== "function") throw wrong(name, "a function", options[name]);
  for (const [name, executor] of Object.entries(options.executors ?? {})) {
    if (typeof executor?.execute !== "function") throw wrong(`executors.${name}`, "an executor", executor);
  }
  const ceiling = options.approvalCeiling;
  if (ceiling && !(approvalMode.safeParse(ceiling.admin).success && approvalMode.safeParse(ceiling.other).success)) {
    throw wrong("approvalCeiling", "{admin, other} of ask, auto or unrestricted", JSON.stringify(ceiling));
  }
  const shapes = [
    ["approvalMode", approvalMode],
    ["approval", approval],
    ["budget", budget],
  ] as const;
  for (const [name, schema] of shapes) {
    if (options[name] !== undefined && !schema.safeParse(options[name]).success)
      throw wrong(name, "of its documented shape", JSON.stringify(options[name]));
  }
  if (options.events?.durableOver && options.events.durableOver !== options.store) {
    throw wrong("events", "a buffer that is not durable over another store", "one that is");
  }
  return resolveLimits(options.limits);
}

function wrong(name: string, expectation: string, value: unknown): AnodeError {
  return new AnodeError("invalid_request", `${name} must be ${expectation}, got ${String(value)}.`);
}
