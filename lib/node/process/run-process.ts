import { isAnodeError } from "../../errors.js";
import type { Outcome, RunContext } from "../../runs/executor.js";
import type { Child } from "./child.js";
import { type ContainedChild, type ContainedSetup, startContained } from "./contained-child.js";
import { converse } from "./converse.js";
import { emitUntilAbort } from "./emit-until-abort.js";
import { outcomeOf } from "./outcome.js";
import type { Plan } from "./plan.js";
import { within } from "./stop-ladder.js";

/** Time that is spent on reading what grandchildren may still write after the leader's exit. */
const drainMs = 250;
/** Time between TERM and KILL for what the leader left behind. */
const leftoverMs = 100;
/** Time after the leader's exit at which the run ends, finished sweeping or not. */
const settleMs = 500;

/** Runs one process tree to its end. */
export async function runProcess(context: RunContext, plan: Plan, setup: ContainedSetup): Promise<Outcome> {
  context.signal.throwIfAborted();
  const told = emitUntilAbort(context);
  let contained: ContainedChild;
  try {
    contained = await startContained(told, { ...plan, stdin: plan.interactive || plan.input !== undefined }, setup);
  } catch (error) {
    if (!isAnodeError(error) || error.code !== "spawn_failed") throw error;
    return { status: "failed", stop_reason: "error", error_code: error.code, error: error.message };
  }
  return supervise(told, plan, setup, contained);
}

async function supervise(context: RunContext, plan: Plan, setup: ContainedSetup, contained: ContainedChild): Promise<Outcome> {
  const { host, limits, heldFrom } = setup;
  const { clock } = host;
  const { child } = contained;
  const drained = new AbortController();
  const announced = contained.announce();
  const talk = announced.then(() => converse(context, child, plan, { host, limits, heldFrom, drained: drained.signal }));
  const cause = await endOf(child, context.signal, talk);

  const byItself = cause === "exited";
  const sweep = contained.bringDown({
    by: byItself ? "sweep" : cause === "aborted" ? reasonOf(context.signal) : "error",
    politeMs: byItself ? leftoverMs : limits.graceMs,
    // Ends a little before the run would be given up, so that the run itself can still name what is left.
    killMs: byItself ? limits.killMs : Math.max(0, limits.killMs - drainMs),
  });
  if (!byItself) await sweep;
  // Counted from the first moment at which anything could be read: the announcement may have waited for a slow disk.
  await announced.catch(() => {});
  const stopReading = clock.schedule(() => drained.abort(), drainMs);
  const [leaks, heard] = await Promise.all([
    byItself ? within(clock, settleMs, sweep) : sweep,
    talk.catch((error: unknown) => ({ error })),
  ]);
  stopReading();
  const exit = await contained.tellExit(leaks);
  if ("error" in heard) throw heard.error;
  return outcomeOf(exit, { ...heard, successCodes: plan.successCodes });
}

/** What comes first: the process exits, the run is to end, or the run takes no more events. */
function endOf(child: Child, signal: AbortSignal, talk: Promise<unknown>): Promise<"exited" | "aborted" | "broken"> {
  return new Promise((resolve) => {
    void child.exited.then(() => resolve("exited"));
    talk.catch(() => resolve("broken"));
    if (signal.aborted) resolve("aborted");
    else signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
}

/** Who sends the signals: the reason for which the run ends. */
export function reasonOf(signal: AbortSignal): string {
  return isAnodeError(signal.reason) ? signal.reason.code : "canceled";
}
