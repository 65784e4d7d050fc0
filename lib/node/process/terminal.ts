import { Readable } from "node:stream";
import { AnodeError } from "../../errors.js";
import type { Exit, StartChild } from "./child.js";
import { errnoOf, spawnFailed } from "./resolve-command.js";
import { signalName } from "./signal-name.js";

/** The part of the optional PTY package that is used. */
interface PtyPackage {
  spawn(file: string, args: readonly string[], options: object): Pty;
}
interface Pty {
  readonly pid: number;
  onData(listener: (data: Buffer) => void): unknown;
  onExit(listener: (exit: { exitCode: number; signal?: number }) => void): unknown;
  write(data: string): void;
  pause(): void;
  resume(): void;
}

const columns = 120;
const rows = 30;
// A variable, so that neither compiler nor bundler looks for a package that may be absent.
const packageName: string = "@lydell/node-pty";
let loading: Promise<PtyPackage | undefined> | undefined;

/** True when the optional PTY package can be loaded. */
export async function hasTerminals(): Promise<boolean> {
  return (await load()) !== undefined;
}

/** The refusal of a run that needs a terminal where there is none. */
export function noTerminals(): AnodeError {
  return new AnodeError("not_supported", `A terminal needs the optional package ${packageName}, which is not installed.`, {
    details: { ability: "pty", hint: `npm install ${packageName}` },
  });
}

/** Starts a process in a terminal of 120 × 30, its one output and input. */
export const startInTerminal: StartChild = async (command) => {
  const pty = await load();
  if (!pty) throw noTerminals();
  const [file = "", ...args] = command.argv;
  const env = { TERM: "xterm-256color", ...command.env };
  let terminal: Pty;
  try {
    terminal = pty.spawn(file, args, { cols: columns, rows, cwd: command.cwd, env, name: env.TERM, encoding: null });
  } catch (error) {
    throw spawnFailed(errnoOf(error), file.slice(0, 200), error);
  }
  const source = new Readable({ read: () => terminal.resume() });
  terminal.onData((data) => {
    if (!source.push(Buffer.from(data))) terminal.pause();
  });
  const exited = new Promise<Exit>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      source.push(null);
      resolve(signal ? { signal: signalName(signal) ?? String(signal) } : { exitCode });
    });
  });
  return {
    pid: terminal.pid,
    outputs: [{ stream: "tty", source }],
    write: async (text) => terminal.write(text),
    // The end of input of a terminal is a key, not the end of a stream.
    endInput: () => terminal.write("\u0004"),
    exited,
  };
};

function load(): Promise<PtyPackage | undefined> {
  loading ??= import(packageName).then(
    (loaded: PtyPackage & { default?: PtyPackage }) => loaded.default ?? loaded,
    () => undefined,
  );
  return loading;
}
