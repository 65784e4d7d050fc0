import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type RunningDaemon, startDaemon } from "../../adapters/daemon/index.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { scriptedExecutor } from "../../lib/testing/scripted-executor.js";

/** The built program. */
export const programPath = fileURLToPath(new URL("../../dist/program/anode.cjs", import.meta.url));

/** What a program said and how it ended. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A user with a home folder of his own. */
export interface User {
  /** Parent of `.config/anode`. */
  readonly folder: string;
  readonly home: string;
  readonly env: Record<string, string>;
  /** Runs a command line of `anode`, words apart. */
  anode(...words: string[]): Promise<Said>;
  /** Runs any program. */
  run(command: string, ...words: string[]): Promise<Said>;
  /** Starts `anode` and leaves it running. */
  start(...words: string[]): ChildProcess;
}

/** A user whose daemons and folder are gone when the test ends. */
export function newUser(): User {
  const folder = mkdtempSync(join(tmpdir(), "anode-user-"));
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TERM: "dumb" };
  const started: ChildProcess[] = [];
  const run = (command: string, ...words: string[]): Promise<Said> =>
    finished(spawn(command, words, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] }));
  const user: User = {
    folder,
    home: join(folder, ".config/anode"),
    env,
    run,
    anode: (...words) => run(process.execPath, programPath, ...words),
    start(...words) {
      const child = spawn(process.execPath, [programPath, ...words], { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      started.push(child);
      return child;
    },
  };
  onTestFinished(async () => {
    await user.anode("daemon", "stop");
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return user;
}

/** Resolves when the child has said the text on stderr. */
export async function says(child: ChildProcess, text: string): Promise<void> {
  let said = "";
  child.stderr?.setEncoding("utf8");
  for await (const part of child.stderr ?? []) {
    said += String(part);
    if (said.includes(text)) return;
  }
  throw new Error(`It never said ${text}, but: ${said}`);
}

/** A daemon in this process for the user's own home, whose profiles are scripted. */
export async function scriptedDaemon(user: User): Promise<RunningDaemon> {
  const daemon = await startDaemon({
    env: user.env,
    cwd: user.folder,
    store: "memory",
    executors: {
      scripted: scriptedExecutor(({ request }) => [
        { emit: { type: "assistant.message", payload: { message_id: "m1", text: `did: ${request.prompt}` } } },
        { end: { status: "completed", stop_reason: "end_turn", result: `did: ${request.prompt}` } },
      ]),
      hang: scriptedExecutor([{ hang: true }]),
      fail: scriptedExecutor([{ throw: "no luck" }]),
      ask: functionExecutor(async ({ ask }) => (await ask({ kind: "choice", scope: "tool_permission", prompt: "Run ls?" })).decision ?? ""),
      tasks: functionExecutor(async ({ input, emit }) => {
        for (let task = await input.next(); task; task = await input.next()) {
          await task.delivered();
          await emit("assistant.message", { message_id: task.input_id, text: `did: ${task.text}` });
        }
      }),
    },
    profiles: {
      craft: { executor: "scripted" },
      study: { executor: "scripted" },
      hang: { executor: "hang" },
      fail: { executor: "fail" },
      ask: { executor: "ask" },
      tasks: { executor: "tasks" },
    },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

function finished(child: ChildProcess): Promise<Said> {
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => (out += part));
  child.stderr?.setEncoding("utf8").on("data", (part: string) => (err += part));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}
