import { isAnodeError } from "../../lib/errors.js";
import type { Executor } from "../../lib/runs/executor.js";
import type { OperationInput } from "../../lib/contract/schemas.js";
import type { StreamEvent } from "../../lib/events/event.js";
import type { RunSummary } from "../../lib/runs/schema.js";
import type { Client } from "../client/index.js";
import type { LocalGround } from "../daemon/index.js";
import type { Context } from "./context.js";
import { followRun, isPerson } from "./follow-run.js";
import { untilInterrupted } from "./interrupt.js";

/** A run that lives and dies with this process. */
export interface HereOptions {
  readonly request: OperationInput<"runs.start">;
  /** Events as JSON lines instead of text. */
  readonly asJson: boolean;
  readonly previews?: boolean;
  /** Puts something around every executor. */
  readonly around?: (executor: Executor, ground: LocalGround) => Executor;
  /** Hands the run what comes after its prompt. A rejection cancels the run and is the command's own. */
  readonly feed?: (send: (text: string) => Promise<void>) => Promise<void>;
  /** Hears every record event. */
  readonly see?: (event: StreamEvent) => void;
  /** What is to be said when the run has ended. */
  readonly after?: (run: RunSummary) => void;
}

/**
 * Does a run in this process and shows it. The first Ctrl-C cancels it and waits for its end, a second one kills what it
 * started; nobody left to read the output cancels it too. The exit code is the run's.
 */
export async function runHere(context: Context, options: HereOptions): Promise<number> {
  const { cwd, env, output } = context;
  const { openLocalRuns } = await import("../daemon/index.js");
  const runs = await openLocalRuns({ cwd, env, ...(options.around && { around: options.around }) });
  for (const warning of runs.warnings) output.note(warning);
  try {
    return await untilInterrupted((signal) => follow(runs.client, context, options, signal), runs.killAll);
  } finally {
    await runs.close();
  }
}

async function follow(client: Client, context: Context, options: HereOptions, interrupted: AbortSignal): Promise<number> {
  const { output } = context;
  const { after, asJson, feed, previews = false, see } = options;
  const unattended = !asJson && isPerson(context) ? "wait" : "deny";
  const { run_id: id } = await client.runs.start({ ...options.request, approval: { unattended } });
  let canceled: Promise<unknown> | undefined;
  const cancel = (reason: string): void => {
    // One that has ended meanwhile needs no cancel.
    canceled ??= client.runs.cancel({ id, reason }).catch(() => {});
  };
  whenAborted(interrupted, () => cancel("interrupted at the terminal"));
  whenAborted(output.closed, () => cancel("nobody reads the output"));
  let refused: unknown;
  feed?.(async (text) => void (await client.runs.input({ id, text }))).catch((error: unknown) => {
    // How the run ended says more than that it takes no more.
    if (isAnodeError(error) && error.code === "run_finished") return;
    refused = error;
    cancel("its input was refused");
  });
  const code = await followRun(client, id, context, { asJson, previews, signal: neverAborted, isAlone: true, ...(see && { see }) });
  await canceled;
  if (refused !== undefined) throw refused;
  after?.(await client.runs.get({ id }));
  return code;
}

const neverAborted = new AbortController().signal;

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}
