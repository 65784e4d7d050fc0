import type { Clock, Host } from "../../host.js";
import type { Limits } from "../../limits.js";
import type { RunContext } from "../../runs/executor.js";
import { startChild, type Child } from "./child.js";
import type { ProcessIdentity } from "./identity.js";
import type { Enclosure, Level } from "./levels/level.js";
import { listen } from "./listen.js";
import { inferSignal, type ExitTruth } from "./outcome.js";
import { createTextSink, type Emission } from "./output-sink.js";
import { resolveCommand } from "./resolve-command.js";
import { stopTree, within, type Leak } from "./stop-ladder.js";
import { createTail } from "./tail.js";
import { startInTerminal } from "./terminal.js";

/** What is started for a run. */
export interface ContainedCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string>>;
  /** False gives it an empty input. */
  readonly stdin: boolean;
  readonly terminal?: boolean;
}

/** What a contained child needs beside its run and command. */
export interface ContainedSetup {
  readonly host: Host;
  readonly limits: Limits;
  readonly level: Level;
  /** Where in output something begins that may turn out to be secret in the next piece. */
  readonly heldFrom?: ((text: string) => number) | undefined;
  /** Reads the identity of a process that was just started. */
  identify(pid: number): ProcessIdentity;
  /** Takes over work that outlasts the run. */
  later(work: Promise<unknown>): void;
}

/** How a tree is brought down. */
export interface Downfall {
  /** Who sends the signals: `sweep` after the leader's own end, else why the run ends. */
  readonly by: string;
  /** Time between TERM and KILL, in milliseconds. */
  readonly politeMs: number;
  /** Time the sweep after KILL takes at most, in milliseconds. */
  readonly killMs: number;
}

/** The process tree of a run. It is to be brought down, however the run ends: nothing outlives its run. */
export interface ContainedChild {
  readonly child: Child;
  /** Tells the run of its process; to be committed before anything that the process says. */
  announce(): Promise<unknown>;
  /** Tells what the child writes to standard error, until it ends or `stop` aborts; gives the last 4 KiB of it. */
  tellErrors(stop: AbortSignal): { readonly told: Promise<void>; tail(): string };
  /** Ends what is left of the tree and tells of the signals; answers what could not be ended. */
  bringDown(options: Downfall): Promise<readonly Leak[]>;
  /** Tells how the leader ended, as far as that is known. */
  tellExit(leaks: readonly Leak[] | undefined): Promise<ExitTruth>;
}

const errorBytes = 4 * 1024;
/** Time the kernel's word on a leader that is gone is waited for. */
const exitMs = 250;

/**
 * Starts a command as the tree of a run.
 * @throws `spawn_failed`
 */
export async function startContained(context: RunContext, command: ContainedCommand, setup: ContainedSetup): Promise<ContainedChild> {
  const room = setup.level.enclose(context.run.id);
  try {
    const child = await launch(command, room);
    return containedChild(context, command, setup, { child, room, leader: setup.identify(child.pid) });
  } catch (error) {
    room.release();
    throw error;
  }
}

function launch({ argv, cwd, env, stdin, terminal }: ContainedCommand, room: Enclosure): Promise<Child> {
  const [command = "", ...args] = argv;
  const file = resolveCommand(command, cwd, env["PATH"]);
  const start = terminal ? startInTerminal : startChild;
  return start({ argv: room.wrap([file, ...args]), cwd, env, stdin });
}

interface Started {
  readonly child: Child;
  readonly room: Enclosure;
  readonly leader: ProcessIdentity;
}

function containedChild(
  context: RunContext,
  command: ContainedCommand,
  setup: ContainedSetup,
  { child, room, leader }: Started,
): ContainedChild {
  const { host, level } = setup;
  return {
    child,
    announce: () =>
      context.emit("process.started", {
        ...leader,
        argv: command.argv,
        cwd: command.cwd,
        containment: level.name,
        env_names: Object.keys(command.env).toSorted(),
      }),
    tellErrors(stop) {
      const { flushBytes, eventBytes } = setup.limits;
      const tail = createTail(errorBytes);
      const stderr = child.outputs.find(({ stream }) => stream === "stderr");
      if (!stderr) return { told: Promise.resolve(), tail: tail.text };
      const sink = createTextSink({ stream: "stderr", tail, flushBytes, eventBytes, heldFrom: setup.heldFrom });
      const send = async (events: readonly Emission[]): Promise<void> => {
        await Promise.all(events.map(({ type, payload }) => context.emit(type, payload)));
      };
      const told = listen(stderr.source, sink, { runId: context.run.id, stream: "stderr", host, limits: setup.limits, stop, send });
      // A run that was given up takes no more events.
      return { told: told.catch(() => {}), tail: tail.text };
    },
    bringDown({ by, politeMs, killMs }) {
      const sweep = stopTree(room.tree(leader), {
        clock: host.clock,
        politeMs,
        killMs,
        leaderExited: child.exited,
        // A run that was given up takes no more events; the signal is sent all the same.
        told: (signal, targets) => void context.emit("process.signal", { signal, by, targets }).catch(() => {}),
      });
      setup.later(
        sweep.then((leaks) => {
          room.release();
          if (leaks.length > 0) host.log("error", "process.leaked", { run_id: context.run.id, leaked: leaks });
        }),
      );
      return sweep;
    },
    async tellExit(leaks) {
      const exit = await truthOf(child, level, host.clock);
      await context.emit("process.exited", { ...toWire(exit), ...(leaks && leaks.length > 0 && { leaked: leaks }) });
      return exit;
    },
  };
}

async function truthOf(child: Child, level: Level, clock: Clock): Promise<ExitTruth> {
  const exit = (await within(clock, exitMs, child.exited)) ?? {};
  return level.name === "pidns" ? inferSignal(exit) : exit;
}

function toWire({ exitCode, signal, inferred }: ExitTruth): object {
  return { ...(exitCode !== undefined && { exit_code: exitCode }), ...(signal !== undefined && { signal }), ...(inferred && { inferred }) };
}
