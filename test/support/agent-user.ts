import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { spawn as spawnTerminal } from "@lydell/node-pty";
import { onTestFinished } from "vitest";
import { fakeModel } from "./agent-apis.js";
import type { FakeModel } from "./fake-model.mjs";
import { newUser, programPath, type Said, type User } from "./program.js";

/** A user whose model is a fake server, with a folder to work in. */
export interface AgentUser extends User {
  readonly fake: FakeModel;
  readonly work: string;
  /** Writes a file of the work folder. */
  write(path: string, text: string): void;
  git(...words: string[]): string;
  /** Runs `anode` in the work folder, with what its standard input holds. */
  type(words: readonly string[], stdin?: string): Promise<Said>;
  /** Starts `anode` in the work folder, at a terminal. */
  terminal(...words: string[]): Terminal;
}

/** A program at a terminal. */
export interface Terminal {
  /** All that it showed. */
  shown(): string;
  /** Resolves when it has shown the text, so many times. */
  shows(text: string, times?: number): Promise<void>;
  write(text: string): void;
  /** Resolves to its exit code. */
  readonly ended: Promise<number>;
}

/** A user with the provider `openai` at a fake model server. */
export async function agentUser(config: object = {}): Promise<AgentUser> {
  const fake = await fakeModel();
  const user = newUser();
  const work = join(user.folder, "work");
  mkdirSync(work);
  mkdirSync(user.home, { recursive: true, mode: 0o700 });
  const settings = { model: "openai/gpt-5.5", providers: { openai: { baseURL: `${fake.url}/v1` } }, ...config };
  writeFileSync(join(user.home, "config.json"), JSON.stringify(settings), { mode: 0o600 });
  user.env["OPENAI_API_KEY"] = "sk-of-this-test";
  return {
    ...user,
    fake,
    work,
    write(path, text) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), text);
    },
    git(...words) {
      const { status, stderr, stdout } = spawnSync("git", ["-c", "user.name=A", "-c", "user.email=a@b", ...words], {
        cwd: work,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    },
    type(words, stdin) {
      const child = spawn(process.execPath, [programPath, ...words], { cwd: work, env: user.env });
      child.stdin.end(stdin ?? "");
      let out = "";
      let err = "";
      child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
      child.stderr.setEncoding("utf8").on("data", (part: string) => (err += part));
      return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
    },
    terminal: (...words) => atTerminal(words, work, user.env),
  };
}

function atTerminal(words: readonly string[], cwd: string, env: Record<string, string>): Terminal {
  const child = spawnTerminal(process.execPath, [programPath, ...words], { cwd, env, cols: 200, rows: 50 });
  const ended = Promise.withResolvers<number>();
  const watchers = new Set<() => void>();
  let text = "";
  let isOver = false;
  child.onData((part) => {
    text += part;
    for (const look of watchers) look();
  });
  child.onExit(({ exitCode, signal }) => {
    isOver = true;
    ended.resolve(signal ? 128 + signal : exitCode);
    for (const look of watchers) look();
  });
  onTestFinished(() => {
    if (!isOver) child.kill("SIGKILL");
  });
  return {
    shown: () => text,
    shows: (wanted, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (text.split(wanted).length > times) resolve();
          else if (isOver) reject(new Error(`It never showed ${wanted}, but: ${text}`));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      }),
    write: (typed) => child.write(typed),
    ended: ended.promise,
  };
}
