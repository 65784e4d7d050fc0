import type { Worker } from "node:worker_threads";
import type { CommandLine } from "./command-line.js";
import type { Output } from "./output.js";

/** The surroundings of a command. */
export interface Context {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** A store's worker that was started with the program; only for `daemon`. */
  readonly sqliteWorker?: Worker;
}

/** What a command does; resolves to the exit code, or throws what its exit code follows from. */
export type Command = (line: CommandLine, context: Context) => Promise<number>;
