import { AnodeError, isAnodeError } from "../../errors.js";
import type { Host } from "../../host.js";
import { resolveLimits, type Limits } from "../../limits.js";
import type { RunContext, RunInput } from "../../runs/executor.js";
import type { RunSummary } from "../../runs/schema.js";
import type { Containment } from "./containment.js";
import type { Environment } from "../home-folder.js";
import { childEnvironment } from "./environment.js";
import { cookieOf } from "./levels/group.js";
import type { Hidden, Level } from "./levels/level.js";
import type { Plan } from "./plan.js";
import { cookieName } from "./process-reader.js";
import { runProcess } from "./run-process.js";
import type { Leak } from "./stop-ladder.js";

/** One command that a run needs on its way: a tool, a hook, a server it talks to. */
export interface RunCommand {
  /** The run on whose behalf it is started; its end is the caller's to bring about, by `signal`. */
  readonly run_id: string;
  /** The command and its arguments; found by the `PATH` of its environment. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Names taken of our environment beside the allow-list. */
  readonly pass?: readonly string[];
  /** Variables set for it. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it must not reach is hidden from it, where the system can do that. @defaultValue false */
  readonly hidden?: boolean;
  /** Ends its whole tree: TERM, grace, KILL. */
  readonly signal: AbortSignal;
  /** Hears its output in arrival order, whole lines where possible; must not throw. */
  readonly onOutput?: (text: string, stream: "stdout" | "stderr") => void;
}

/** How a command ended. */
export interface CommandEnd {
  readonly exit_code?: number;
  readonly signal?: string;
  /** True when its time was over and its tree was ended. */
  readonly timed_out?: boolean;
  /** What could not be ended. */
  readonly leaked?: readonly Leak[];
}

/** A command that stays, spoken to by lines. */
export interface OpenCommand {
  /** Sends one line; rejects when the command no longer listens. */
  send(line: string): Promise<void>;
  /** Settles when it and its tree have ended. */
  readonly ended: Promise<CommandEnd>;
  /** Ends its tree; resolves when that is done. */
  close(): Promise<void>;
}

/** Starts commands inside runs, each contained as a tree of its own. */
export interface Commands {
  /**
   * Runs a command to its end, whatever its exit.
   * @throws `spawn_failed`; the reason of `signal`, when that aborted before the command had ended
   */
  run(command: RunCommand & { readonly input?: string; readonly timeoutMs?: number }): Promise<CommandEnd>;
  /** Starts a command and keeps its input open. @throws `spawn_failed` */
  open(command: Omit<RunCommand, "onOutput"> & CommandEars): Promise<OpenCommand>;
}

/** What an open command says, line by line without the line ends. */
export interface CommandEars {
  readonly onLine: (line: string) => void;
  readonly onError?: (line: string) => void;
  /** The longest line that is listened to; a longer one ends the command. @defaultValue 16 MiB */
  readonly lineBytes?: number;
}

/** Settings of {@link createCommands}. */
export interface CommandsOptions {
  readonly host: Host;
  readonly containment: Containment;
  /** What `hidden` commands shall not reach. */
  readonly hide?: Hidden;
  /** @defaultValue the environment of this process */
  readonly baseEnv?: Environment;
  /** The token a run's processes get as `ANODE_RUN_TOKEN`, if any. */
  readonly runToken?: (runId: string) => Promise<string | undefined> | string | undefined;
  readonly limits?: Partial<Limits>;
}

let count = 0;

/** Makes the commands of a daemon's runs: at `pidns` where that can be had, else at `auto`. */
export function createCommands(options: CommandsOptions): Commands {
  const { host, containment, hide, baseEnv = process.env, runToken } = options;
  const limits = resolveLimits(options.limits);
  const { clock } = host;

  const start = async (command: RunCommand, talk: Talk): Promise<CommandEnd> => {
    const level = await tightest(containment, command.hidden ? hide : undefined);
    // A tree of its own: the end of one command must not take the others of its run along.
    const id = `${command.run_id}.${(count += 1)}`;
    const token = await runToken?.(command.run_id);
    const own = { [cookieName]: cookieOf(containment.storeId, id), ANODE_RUN_ID: command.run_id, ...(token && { ANODE_RUN_TOKEN: token }) };
    const plan: Plan = {
      argv: command.argv,
      cwd: command.cwd,
      env: childEnvironment({
        base: baseEnv,
        own,
        ...(command.pass && { pass: command.pass }),
        ...(command.env && { defined: command.env }),
      }),
      ...(talk.input !== undefined && { input: talk.input }),
      interactive: talk.next !== undefined,
      terminal: false,
      speaksEvents: false,
      successCodes: [0],
    };
    let end: CommandEnd = {};
    const context = contextOf(id, command.signal, talk, (type, payload) => {
      if (type === "process.output") command.onOutput?.(payload["text"] as string, payload["stream"] as "stdout" | "stderr");
      else if (type === "process.exited") end = payload;
      else if (type === "process.started") talk.started?.();
    });
    const outcome = await runProcess(context, plan, {
      host,
      limits: talk.next ? { ...limits, flushMs: 1 } : limits,
      level,
      identify: (pid) => ({
        pid,
        start_ticks: containment.table.reader.read(pid)?.startTicks ?? 0,
        boot_id: containment.table.reader.bootId(),
      }),
      later: (work) => void work.catch(() => {}),
    });
    if (outcome.error_code === "spawn_failed") throw new AnodeError("spawn_failed", outcome.error ?? "The process did not start.");
    return end;
  };

  return {
    async run({ input, timeoutMs, ...command }) {
      const over = new AbortController();
      let cancel = (): void => {};
      // Its time begins when it does, not while it waits for the first look at what this system can contain.
      const started = (): void => {
        if (timeoutMs !== undefined) cancel = clock.schedule(() => over.abort(new AnodeError("timeout", "Its time is over.")), timeoutMs);
      };
      try {
        const end = await start(
          { ...command, signal: AbortSignal.any([command.signal, over.signal]) },
          { started, ...(input !== undefined && { input }) },
        );
        command.signal.throwIfAborted();
        return over.signal.aborted ? { ...end, timed_out: true } : end;
      } finally {
        cancel();
      }
    },
    async open({ onLine, onError, lineBytes = 16 * 1024 * 1024, ...command }) {
      const stop = new AbortController();
      const end = (): void => stop.abort(new AnodeError("canceled", "It is no longer needed."));
      const lines = createLineQueue();
      const listen = { stdout: splitLines(lineBytes, onLine, end), stderr: splitLines(lineBytes, onError ?? (() => {}), end) };
      let started = (): void => {};
      const isStarted = new Promise<void>((resolve) => (started = resolve));
      const ended = start(
        { ...command, signal: AbortSignal.any([command.signal, stop.signal]), onOutput: (text, stream) => listen[stream](text) },
        { next: lines.next, started },
      ).finally(lines.close);
      // Whoever waits for the end hears of a failure too; here it only must not go unheard.
      ended.catch(() => {});
      await Promise.race([isStarted, ended]);
      return {
        send: lines.send,
        ended,
        async close() {
          end();
          await ended.catch(() => {});
        },
      };
    },
  };
}

async function tightest(containment: Containment, hide: Hidden | undefined): Promise<Level> {
  try {
    return await containment.level("pidns", hide);
  } catch (error) {
    if (!isAnodeError(error) || error.code !== "containment_unavailable") throw error;
    return containment.level("auto");
  }
}

interface Talk {
  readonly input?: string;
  readonly next?: (options?: { readonly signal?: AbortSignal }) => Promise<RunInput | undefined>;
  readonly started?: () => void;
}

/** A run as the process supervision sees it: what it tells is heard by us and becomes no event. */
function contextOf(
  id: string,
  signal: AbortSignal,
  talk: Talk,
  hear: (type: string, payload: Readonly<Record<string, unknown>>) => void,
): RunContext {
  const notHere = () => Promise.reject(new AnodeError("not_supported", "A command asks and starts nothing."));
  return {
    run: { id } as RunSummary,
    request: { prompt: "", profile: "", approval_mode: "ask", key: "", priority: 0 },
    signal,
    emit: async (type, payload) => {
      hear(type, payload as Readonly<Record<string, unknown>>);
      return 0;
    },
    preview: () => {},
    ask: notHere,
    start: notHere,
    idle: () => {},
    input: { take: () => undefined, next: talk.next ?? (async () => undefined) },
  };
}

/** Lines that wait to be written, as the inputs they are to the process. */
function createLineQueue() {
  const waiting: { readonly input: RunInput; readonly fail: (error: Error) => void }[] = [];
  let closed = false;
  let wake = (): void => {};
  const goneError = () => new Error("The command no longer listens.");
  return {
    send: (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        if (closed) return reject(goneError());
        const input: RunInput = {
          input_id: "",
          delivery: "queue",
          text,
          delivered: async () => resolve(),
          putBack: () => reject(goneError()),
        };
        waiting.push({ input, fail: reject });
        wake();
      }),
    async next({ signal }: { readonly signal?: AbortSignal } = {}): Promise<RunInput | undefined> {
      while (waiting.length === 0 && !closed && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      return signal?.aborted ? undefined : waiting.shift()?.input;
    },
    close(): void {
      closed = true;
      wake();
      for (const { fail } of waiting.splice(0)) fail(goneError());
    },
  };
}

function splitLines(limit: number, take: (line: string) => void, tooLong: () => void): (text: string) => void {
  let open: string[] = [];
  let size = 0;
  return (text) => {
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      take(open.length > 0 ? open.join("") + line : line);
      open = [];
      size = 0;
    }
    if (last === "") return;
    open.push(last);
    size += last.length;
    if (size <= limit) return;
    open = [];
    tooLong();
  };
}
