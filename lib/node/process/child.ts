import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { coveredDescriptors } from "./stray-descriptors.js";
import { errnoOf, spawnFailed } from "./resolve-command.js";

/** How the leader of a run ended: a code or a signal. */
export interface Exit {
  readonly exitCode?: number;
  readonly signal?: string;
}

/** What is started. */
export interface ChildCommand {
  /** The file to execute and what it finds as its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** False gives it an empty input. */
  readonly stdin: boolean;
}

/** A started process, leader of a session and group of its own. */
export interface Child {
  readonly pid: number;
  readonly outputs: readonly { readonly stream: "stdout" | "stderr" | "tty"; readonly source: Readable }[];
  /** Writes text to its input; rejects when it no longer listens. */
  write(text: string): Promise<void>;
  endInput(): void;
  /** Settles when the process itself has ended, whoever still holds its output. */
  readonly exited: Promise<Exit>;
}

/** A way to start a process: on pipes or in a terminal. @throws `spawn_failed` */
export type StartChild = (command: ChildCommand) => Promise<Child>;

/** Starts a process on pipes, with no descriptor beyond the first three. */
export const startChild: StartChild = async (command) => {
  const [file = "", ...args] = command.argv;
  const child = attempt(file, () =>
    spawn(file, args, {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      stdio: [command.stdin ? "pipe" : "ignore", "pipe", "pipe", ...coveredDescriptors()],
    }),
  );
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      // Whoever else holds the other end of its input is not spoken to.
      child.stdin?.destroy();
      resolve({ ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }) });
    });
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined || !stdout || !stderr) {
    const error = await new Promise<unknown>((resolve) => child.once("error", resolve));
    throw spawnFailed(errnoOf(error), file, error);
  }
  // A program may close its input when it likes; whoever writes hears of it.
  stdin?.on("error", () => {});
  // At the exit Node discards what nobody listens for; reading may begin only after that.
  for (const source of [stdout, stderr]) source.on("readable", () => {});
  return {
    pid,
    outputs: [
      { stream: "stdout", source: stdout },
      { stream: "stderr", source: stderr },
    ],
    write: (text) => writeTo(stdin, text),
    endInput: () => stdin?.end(),
    exited,
  };
};

function attempt<T>(file: string, start: () => T): T {
  try {
    return start();
  } catch (error) {
    throw spawnFailed(errnoOf(error), file.replaceAll("\0", "\\0").slice(0, 200), error);
  }
}

function writeTo(stdin: Writable | null, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!stdin?.writable) reject(new Error("The input is closed."));
    else stdin.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
