import { isAnodeError } from "../../errors.js";
import type { Clock, Host } from "../../host.js";
import type { Limits } from "../../limits.js";
import type { Outcome, RunContext } from "../../runs/executor.js";
import { startChild, type Child } from "./child.js";
import { converse } from "./converse.js";
import { emitUntilAbort } from "./emit-until-abort.js";
import type { ProcessIdentity } from "./identity.js";
import type { Enclosure, Level } from "./levels/level.js";
import { inferSignal, outcomeOf, type ExitTruth } from "./outcome.js";
import type { Plan } from "./plan.js";
import { resolveCommand } from "./resolve-command.js";
import { stopTree, within } from "./stop-ladder.js";
import { startInTerminal } from "./terminal.js";

/** What a run needs beside its context and plan. */
export interface RunSetup {
  readonly host: Host;
  readonly limits: Limits;
  readonly level: Level;
  /** Reads the identity of a process that was just started. */
  identify(pid: number): ProcessIdentity;
  /** Takes over work that outlasts the run. */
  later(work: Promise<unknown>): void;
}

/** Time that is spent on reading what grandchildren may still write after the leader's exit. */
const drainMs = 250;
/** Time between TERM and KILL for what the leader left behind. */
const leftoverMs = 100;
/** Time after the leader's exit at which the run ends, finished sweeping or not. */
const settleMs = 500;

/** Runs one process tree to its end. */
export async function runProcess(context: RunContext, plan: Plan, setup: RunSetup): Promise<Outcome> {
  context.signal.throwIfAborted();
  const room = setup.level.enclose(context.run.id);
  let child: Child;
  try {
    child = await start(plan, room);
  } catch (error) {
    room.release();
    if (!isAnodeError(error) || error.code !== "spawn_failed") throw error;
    return { status: "failed", stop_reason: "error", error_code: error.code, error: error.message };
  }
  return supervise(emitUntilAbort(context), plan, setup, { child, room, leader: setup.identify(child.pid) });
}

function start(plan: Plan, room: Enclosure): Promise<Child> {
  const [command = "", ...args] = plan.argv;
  const file = resolveCommand(command, plan.cwd, plan.env["PATH"]);
  const launch = plan.terminal ? startInTerminal : startChild;
  return launch({ argv: room.wrap([file, ...args]), cwd: plan.cwd, env: plan.env, stdin: plan.interactive || plan.input !== undefined });
}

interface Started {
  readonly child: Child;
  readonly room: Enclosure;
  readonly leader: ProcessIdentity;
}

async function supervise(context: RunContext, plan: Plan, setup: RunSetup, { child, room, leader }: Started): Promise<Outcome> {
  const { host, limits, level } = setup;
  const { clock } = host;
  const drained = new AbortController();
  const announced = announce(context, plan, level, leader);
  const talk = announced.then(() => converse(context, child, plan, { host, limits, drained: drained.signal }));
  const cause = await endOf(child, context.signal, talk);
  const told = (signal: string, targets: number): void => {
    const by = cause === "exited" ? "sweep" : cause === "aborted" ? reasonOf(context.signal) : "error";
    void context.emit("process.signal", { signal, by, targets }).catch(() => {});
  };

  const tree = room.tree(leader);
  const byItself = cause === "exited";
  const sweep = stopTree(tree, {
    clock,
    politeMs: byItself ? leftoverMs : limits.graceMs,
    // Ends a little before the run would be given up, so that the run itself can still name what is left.
    killMs: byItself ? limits.killMs : Math.max(0, limits.killMs - drainMs),
    leaderExited: child.exited,
    told,
  });
  const released = sweep.then((leaks) => {
    room.release();
    if (leaks.length > 0) host.log("error", "process.leaked", { run_id: context.run.id, leaked: leaks });
  });
  setup.later(released);

  if (!byItself) await sweep;
  // Counted from the first moment at which anything could be read: the announcement may have waited for a slow disk.
  await announced.catch(() => {});
  const stopReading = clock.schedule(() => drained.abort(), drainMs);
  const [leaks, heard] = await Promise.all([
    byItself ? within(clock, settleMs, sweep) : sweep,
    talk.catch((error: unknown) => ({ error })),
  ]);
  stopReading();
  const exit = await truthOf(child, level, clock);
  await context.emit("process.exited", { ...toWire(exit), ...(leaks && leaks.length > 0 && { leaked: leaks }) });
  if ("error" in heard) throw heard.error;
  return outcomeOf(exit, { ...heard, successCodes: plan.successCodes });
}

function announce(context: RunContext, plan: Plan, level: Level, leader: ProcessIdentity): Promise<unknown> {
  return context.emit("process.started", {
    ...leader,
    argv: plan.argv,
    cwd: plan.cwd,
    containment: level.name,
    env_names: Object.keys(plan.env).toSorted(),
  });
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
function reasonOf(signal: AbortSignal): string {
  return isAnodeError(signal.reason) ? signal.reason.code : "canceled";
}

async function truthOf(child: Child, level: Level, clock: Clock): Promise<ExitTruth> {
  const exit = (await within(clock, drainMs, child.exited)) ?? {};
  return level.name === "pidns" ? inferSignal(exit) : exit;
}

function toWire({ exitCode, signal, inferred }: ExitTruth): object {
  return { ...(exitCode !== undefined && { exit_code: exitCode }), ...(signal !== undefined && { signal }), ...(inferred && { inferred }) };
}
