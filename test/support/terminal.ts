import { PassThrough } from "node:stream";
import type { Context } from "../../adapters/cli/context.js";
import { createOutput } from "../../adapters/cli/output.js";

/** Someone at a terminal: what is typed, and what is shown. */
export function terminal(isTTY = true): { context: Context; stdin: PassThrough; written: { stdout: string; stderr: string } } {
  const written = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr") => ({ isTTY, write: (text: string) => void (written[name] += text), on: () => undefined });
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const output = createOutput({ stdout: sink("stdout"), stderr: sink("stderr") });
  return { context: { output, stdin: stdin as unknown as Context["stdin"], env: {}, cwd: "/" }, stdin, written };
}
