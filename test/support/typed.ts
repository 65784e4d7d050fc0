import { readCommandLine } from "../../adapters/cli/command-line.js";
import { createOutput } from "../../adapters/cli/output.js";
import { runProgram } from "../../adapters/cli/program.js";
import type { daemonPlace } from "./daemon.js";

/** What a command line of `anode` says, run in this process. */
export async function typed(
  { env, cwd }: Pick<ReturnType<typeof daemonPlace>, "env" | "cwd">,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: "", err: "" };
  const sink = (to: "out" | "err") => ({
    write(part: string, done?: () => void) {
      said[to] += part;
      done?.();
    },
    on: () => undefined,
  });
  const output = createOutput({ stdout: sink("out"), stderr: sink("err") });
  const code = await runProgram(readCommandLine(words), { output, env, stdin: process.stdin, cwd });
  return { code, ...said };
}
