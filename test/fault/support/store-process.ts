import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sourceArguments } from "../../support/sqlite.js";
import type { WriterPlan } from "./store-writer.js";

/** How a writer went. */
export interface Written {
  readonly lines: readonly string[];
  /** The last operation it acknowledged; 0 = none. */
  readonly acknowledged: number;
  /** Its exit status or the signal that ended it. */
  readonly end: number | string | null;
}

/** Starts programs that are killed before they could keep what they compiled: it is compiled once, for all of them. */
export interface Programs {
  /** Runs a writer; `wrap` is put before its command, `watch` sees each line as it comes. */
  write(plan: WriterPlan, options?: RunOptions): Promise<Written>;
  /** Runs several in one process; all but one say how it goes to a file. */
  writeAll(plans: readonly WriterPlan[], options?: RunOptions): Promise<readonly Written[]>;
  /** Runs any of the support programs. */
  run(name: string, words: readonly string[], options?: RunOptions): Promise<Written>;
  remove(): void;
}

/** What is done to a program. */
export interface RunOptions {
  /** A command that runs the program, such as strace. */
  readonly wrap?: readonly string[];
  readonly watch?: (line: string, child: ChildProcess) => void;
  readonly env?: Readonly<Record<string, string>>;
}

/** Programs with a folder of their own for what they compile. */
export function programs(): Programs {
  const cache = mkdtempSync(join(tmpdir(), "anode-compiled-"));
  const run: Programs["run"] = async (name, words, { wrap = [], watch, env } = {}) => {
    const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    const [command = "", ...rest] = [...wrap, process.execPath, ...sourceArguments, script, ...words];
    const child = spawn(command, rest, {
      // A group of its own, to be ended as one.
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env, NODE_COMPILE_CACHE: cache },
    });
    const ended = new Promise<number | string | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal));
    });
    const lines: string[] = [];
    createInterface(child.stdout).on("line", (line) => {
      lines.push(line);
      watch?.(line, child);
    });
    const overdue = setTimeout(() => endTree(child), longestMs);
    const end = await ended;
    clearTimeout(overdue);
    return { lines, acknowledged: lastAcknowledged(lines), end };
  };
  const writeAll: Programs["writeAll"] = async (plans, options) => {
    const texts = plans.map((plan) => JSON.stringify(plan));
    const { end, lines } = await run("store-writer", texts, options);
    return plans.map(({ to }) => {
      const said = to === undefined ? lines : linesOf(to);
      return { lines: said, acknowledged: lastAcknowledged(said), end };
    });
  };
  return {
    run,
    write: async (plan, options) => (await writeAll([plan], options))[0] as Written,
    writeAll,
    remove: () => rmSync(cache, { recursive: true, force: true }),
  };
}

const longestMs = 30_000;

/** Ends a program that hangs, and the one it may run. */
function endTree(child: ChildProcess): void {
  const { pid } = child;
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

/** The highest operation among "ack <op>" lines. */
export function lastAcknowledged(lines: readonly string[]): number {
  return lines.reduce((last, line) => (line.startsWith("ack ") ? Math.max(last, Number(line.slice(4))) : last), 0);
}
