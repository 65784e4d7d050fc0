import { userHome } from "../node/home-folder.js";
import type { Hidden, Processes } from "../node/index.js";
import type { RunContext } from "../runs/executor.js";
import { linkedPair, type MessageStream, messagesOf } from "./messages.js";
import type { AgentDefinition } from "./schema.js";

/** An agent that can be spoken with. */
export interface LaunchedAgent {
  readonly stream: MessageStream;
  /** Resolves with how it left, in words, when its process has ended. */
  readonly gone: Promise<string>;
  /** Ends it and all that it started. Idempotent. */
  close(options: Closing): Promise<void>;
}

/** How an agent is ended. */
export interface Closing {
  /** Why: `sweep` after an end in order, else the reason of the abort. */
  readonly by: string;
  /** Time it has to leave by itself once its input has ended, in milliseconds. */
  readonly patienceMs: number;
  /** Time between TERM and KILL. */
  readonly politeMs: number;
  readonly killMs: number;
}

/** What an embedder connects in place of a process: a pair of message streams, or an agent app of the protocol's SDK. */
export type AgentEnd = MessageStream | { connect(stream: MessageStream): unknown };

/** Speaks with an agent that lives in this process. */
export function connectEnd(end: AgentEnd): LaunchedAgent {
  const [ours, theirs] = linkedPair();
  if ("connect" in end) end.connect(theirs);
  const stream = "connect" in end ? ours : end;
  return { stream, gone: new Promise(() => {}), close: async () => {} };
}

/** What a process is launched with. */
export interface LaunchParts {
  readonly processes: Processes;
  readonly hide: Hidden | undefined;
  readonly cwd: string;
  /** Hears lines that are no messages. */
  stray(text: string): void;
}

/** Time for what the agent wrote last to arrive once it has left. */
const drainMs = 100;

/**
 * Starts an agent's process for a run and tells of it.
 * @throws `spawn_failed`, `containment_unavailable`
 */
export async function launchAgent(context: RunContext, agent: AgentDefinition, parts: LaunchParts): Promise<LaunchedAgent> {
  const { processes, hide, cwd, stray } = parts;
  const { clock } = processes.host;
  const env = await processes.environment(context.run.id, {
    ...(agent.env?.pass && { pass: agent.env.pass }),
    ...(agent.env?.set && { defined: agent.env.set }),
  });
  // Some agents take an empty HOME for none, and write where nobody looks.
  if (!env["HOME"]) env["HOME"] = userHome(env);
  const { model, session_id } = context.request;
  const argv = fillArgv(agent.argv, { cwd, model: agent.model_option === "argv" ? model : undefined, session_id });
  const contained = await processes.start(context, { argv, cwd, env, stdin: true }, agent.containment ?? "guarded", hide);
  const { child } = contained;
  const quiet = new AbortController();
  const close = async ({ by, patienceMs, politeMs, killMs }: Closing): Promise<void> => {
    child.endInput();
    await Promise.race([child.exited, new Promise<void>((resolve) => clock.schedule(resolve, patienceMs))]);
    const leaks = await contained.bringDown({ by, politeMs, killMs });
    quiet.abort();
    await errors.told;
    await contained.tellExit(leaks);
  };
  const announced = contained.announce();
  const errors = contained.tellErrors(quiet.signal);
  try {
    await announced;
  } catch (error) {
    await close({ by: "error", patienceMs: 0, politeMs: 0, killMs: processes.limits.killMs }).catch(() => {});
    throw error;
  }

  const stdout = child.outputs.find(({ stream }) => stream === "stdout")?.source;
  // Whatever the agent left behind may hold its output for long.
  void child.exited.then(() => clock.schedule(() => stdout?.destroy(), drainMs));
  let closing: Promise<void> | undefined;
  return {
    stream: {
      readable: ReadableStream.from(messagesOf(untilDestroyed(stdout ?? []), stray)),
      writable: new WritableStream({ write: (message) => child.write(`${JSON.stringify(message)}\n`) }),
    },
    gone: child.exited.then(async ({ exitCode, signal }) => {
      await new Promise<void>((resolve) => clock.schedule(resolve, drainMs));
      const how = signal === undefined ? `with exit code ${exitCode ?? "unknown"}` : `by the signal ${signal}`;
      const tail = errors.tail().trim().split("\n").slice(-20).join("\n");
      return `The agent left ${how}.${tail && `\n${tail}`}`;
    }),
    close: (options) => (closing ??= close(options)),
  };
}

/** Destroying the source ends it; that is no error. */
async function* untilDestroyed(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* source;
  } catch {
    // Closed before its end: nothing more comes.
  }
}

/** Placeholders filled in; one without a value goes, with the flag before it. */
export function fillArgv(
  template: readonly string[],
  values: Readonly<Record<"model" | "cwd" | "session_id", string | undefined>>,
): readonly string[] {
  const argv: string[] = [];
  for (const item of template) {
    const name = /^\{(model|cwd|session_id)\}$/.exec(item)?.[1] as keyof typeof values | undefined;
    if (name === undefined) argv.push(item);
    else if (values[name] !== undefined) argv.push(values[name]);
    else if (argv.at(-1)?.startsWith("-")) argv.pop();
  }
  return argv;
}
