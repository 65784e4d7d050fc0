import { AnodeError } from "../errors.js";
import type { Clock } from "../host.js";
import type { QuestionInput } from "../questions/schema.js";
import type { Executor, Outcome, RunContext } from "../runs/executor.js";
import { type Supports, supportsNothing } from "../runs/normal-request.js";
import type { RunRequest } from "../runs/schema.js";
import { systemHost } from "../system-host.js";

/** One thing a scripted run does. */
export type ScriptStep =
  /** Appends an event and waits for its commit. */
  | { readonly emit: { readonly type: string; readonly payload: object } }
  /** Shows growing text. */
  | { readonly preview: { readonly type: string; readonly payload: object } }
  /** Lets time pass on the script's clock. */
  | { readonly waitMs: number }
  /** Asks and waits for the ending, whatever it is. */
  | { readonly ask: QuestionInput }
  /** Waits for the next follow-up input and takes it; goes on at once when no more will come. */
  | { readonly awaitInput: true }
  /** Starts a child run and does not wait for it. */
  | { readonly start: RunRequest }
  /** From here on an abort is obeyed only after so many milliseconds. */
  | { readonly ignoreAbortMs: number }
  /** Fails: with the error, or with one of this text. */
  | { readonly throw: string | Error }
  /** Does nothing until it is aborted. */
  | { readonly hang: true }
  /** Ends here with this outcome. */
  | { readonly end: Outcome };

/** What a scripted executor goes by beside its script. */
export interface ScriptedExecutorOptions {
  /** The clock of `waitMs` and `ignoreAbortMs`. @defaultValue that of `systemHost` */
  readonly clock?: Clock;
  /** Laid over the default: everything but a terminal. */
  readonly supports?: Partial<Supports>;
}

const stepNames = ["emit", "preview", "waitMs", "ask", "awaitInput", "start", "ignoreAbortMs", "throw", "hang", "end"];
const everything = Object.fromEntries(Object.keys(supportsNothing).map((name) => [name, name !== "pty"])) as unknown as Supports;

/**
 * An executor that follows a script: the steps in their order, then `completed` with `end_turn`. It emits nothing by
 * itself. An abort ends it before its next step and in the middle of a wait.
 * @param script - the steps, or a function that makes them for one run
 * @throws `invalid_request` for something that is not a step
 */
export function scriptedExecutor(
  script: readonly ScriptStep[] | ((context: RunContext) => readonly ScriptStep[]),
  options: ScriptedExecutorOptions = {},
): Executor {
  const { clock = systemHost.clock, supports } = options;
  if (typeof script !== "function") checkSteps(script);
  return {
    kind: "scripted",
    supports: { ...everything, ...supports },
    async execute(context) {
      const steps = typeof script === "function" ? script(context) : script;
      checkSteps(steps);
      let stop = context.signal;
      for (const step of steps) {
        if (stop.aborted) break;
        if ("end" in step) return step.end;
        if ("ignoreAbortMs" in step) stop = delayed(context.signal, step.ignoreAbortMs, clock);
        else await perform(step, context, stop, clock);
      }
      if (stop.aborted) return { status: "failed", stop_reason: "canceled", error: "The script was aborted." };
      return { status: "completed", stop_reason: "end_turn" };
    },
  };
}

type Action = Exclude<ScriptStep, { readonly end: Outcome } | { readonly ignoreAbortMs: number }>;

async function perform(step: Action, context: RunContext, stop: AbortSignal, clock: Clock): Promise<void> {
  if ("emit" in step) await context.emit(step.emit.type, step.emit.payload);
  else if ("preview" in step) context.preview(step.preview.type, step.preview.payload);
  else if ("waitMs" in step) await sleep(clock, step.waitMs, stop);
  else if ("ask" in step) await context.ask(step.ask);
  else if ("awaitInput" in step) await (await context.input.next({ signal: stop }))?.delivered();
  else if ("start" in step) await context.start(step.start);
  else if ("throw" in step) throw typeof step.throw === "string" ? new Error(step.throw) : step.throw;
  else await sleep(clock, undefined, stop);
}

/** Resolves when the time is over, at the latest when the signal aborts. */
async function sleep(clock: Clock, ms: number | undefined, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const cancel = ms === undefined ? wake : clock.schedule(wake, ms);
  stop.addEventListener("abort", wake);
  await promise;
  stop.removeEventListener("abort", wake);
  cancel();
}

/** A signal that aborts so much later than the given one. */
function delayed(signal: AbortSignal, ms: number, clock: Clock): AbortSignal {
  const controller = new AbortController();
  const arm = (): void => void clock.schedule(() => controller.abort(signal.reason), ms);
  if (signal.aborted) arm();
  else signal.addEventListener("abort", arm, { once: true });
  return controller.signal;
}

function checkSteps(steps: readonly ScriptStep[]): void {
  for (const [index, step] of steps.entries()) {
    const names = Object.keys(step);
    if (names.length === 1 && stepNames.includes(names[0] as string)) continue;
    const given = names.join(", ") || "nothing";
    throw new AnodeError("invalid_request", `Step ${index} of a script must be one of ${stepNames.join(", ")}, got ${given}.`);
  }
}
