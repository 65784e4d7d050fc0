import { type CommandLine, readCommandLine } from "./command-line.js";
import { exitOfError } from "./exit-code.js";
import { createOutput, type Output } from "./output.js";

/** The program: from what was typed to an exit code. Whatever a command needs beyond this file is loaded when it is its turn. */
async function main([, path = "", ...args]: readonly string[]): Promise<number> {
  let line: CommandLine;
  try {
    line = readCommandLine(args, process.getBuiltinModule("node:path").parse(path).name);
  } catch (error) {
    return finish(createOutput({ stdout: process.stdout, stderr: process.stderr }), () => Promise.reject(error));
  }
  const sqliteWorker = opensStore(line) ? startSqliteWorker() : undefined;
  const output = createOutput({
    stdout: process.stdout,
    stderr: process.stderr,
    raw: line.has("raw"),
    quiet: line.has("quiet"),
    color: !line.has("no-color") && !process.env["NO_COLOR"],
  });
  return finish(output, async () => {
    const { runProgram } = await import("./program.js");
    return runProgram(line, {
      output,
      env: process.env,
      // Opened by the commands that read it.
      get stdin() {
        return process.stdin;
      },
      cwd: process.cwd(),
      ...(sqliteWorker && { sqliteWorker }),
    });
  });
}

async function finish(output: Output, work: () => Promise<number>): Promise<number> {
  const code = await work().catch((error: unknown) => {
    output.fail(error);
    return exitOfError(error);
  });
  // What did not arrive is no success, whatever the command made of it.
  return (await output.flush()) ? code : code || 1;
}

/** True for a daemon in this process that keeps its runs in a file. */
function opensStore(line: CommandLine): boolean {
  return (
    line.command === "daemon" &&
    !["detach", "help", "version"].some((name) => line.has(name as "detach")) &&
    line.text("store") !== "memory"
  );
}

/** It takes as long to start as everything else together, so it begins first; it opens nothing before it is told to. */
function startSqliteWorker(): InstanceType<typeof import("node:worker_threads").Worker> {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  return new Worker(new URL("./sqlite-worker.cjs", import.meta.url));
}

void main(process.argv).then((code) => process.exit(code));
