import { type ChildProcess, spawn, execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import { endSurvivors } from "./process-tree.js";
import { programPath } from "./program.js";
import { startTmux, type TmuxServer } from "./tmux.js";

const agentProgram = fileURLToPath(new URL("./stand-in-agent.mjs", import.meta.url));

/** What the stand-in has written down, one thing at a time. */
export type Noted = Readonly<Record<string, unknown>>;

/** An agent in a pane that is no real one, but reports as one. */
export interface StandIn {
  readonly pane: string;
  readonly pid: number;
  noted(): readonly Noted[];
  /** Texts that it read, in their order, and whether by its composer or by a stop hook. */
  reads(): readonly { readonly read: string; readonly by: string }[];
  /** Types a line as a person does, and waits until it has had its effect. */
  type(line: string): Promise<void>;
}

/** A user with a tmux server and a daemon of his own, which has a configured token. */
export interface StandInBench {
  readonly tmux: TmuxServer;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly client: Client;
  anode(...words: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  /** Runs a hook outside every pane. */
  hook(
    name: string,
    input: string | object,
    backend?: string,
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  startDaemon(): Promise<ChildProcess>;
  open(session: string): Promise<StandIn>;
}

export const patient = { timeout: 20_000, interval: 30 };

export async function openStandInBench(): Promise<StandInBench> {
  const tmux = startTmux("default");
  const home = join(tmux.folder, ".config/anode");
  const env = { PATH: process.env["PATH"] ?? "", HOME: tmux.folder, TMUX_TMPDIR: tmux.folder, TERM: "xterm-256color" };
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, "config.json"), JSON.stringify({ daemon: { auth_token: "person-0123456789abcdef0123456789abcdef" } }));
  chmodSync(join(home, "config.json"), 0o600);
  const run = (words: readonly string[], input = "") =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [programPath, ...words],
        { env, cwd: tmux.folder, maxBuffer: 64 * 1024 * 1024 },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  const startDaemon = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [programPath, "daemon"], { env, cwd: tmux.folder, stdio: ["ignore", "ignore", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
    await vi.waitFor(() => {
      if (!said.includes("http://")) throw new Error(`It does not listen: ${said}`);
    }, patient);
    return child;
  };
  const client = await connect({ env });
  onTestFinished(async () => {
    await client.close();
    tmux.close();
    endSurvivors(tmux.folder);
  });
  return {
    tmux,
    home,
    env,
    client,
    startDaemon,
    anode: (...words) => run(words),
    hook: (name, input, backend = "claude-code") =>
      run(["hook", name, "--backend", backend], typeof input === "string" ? input : JSON.stringify(input)),
    async open(session) {
      const log = join(tmux.folder, `${session}.jsonl`);
      writeFileSync(log, "");
      const pane = tmux.open(session, [process.execPath, agentProgram, programPath, log, `session-${session}`]);
      const noted = (): Noted[] =>
        readFileSync(log, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as Noted);
      const pid = await vi.waitFor(() => {
        const ready = noted().find((one) => "ready" in one);
        if (!ready) throw new Error(`It is not ready: ${readFileSync(log, "utf8")}`);
        return ready["ready"] as number;
      }, patient);
      return {
        pane,
        pid,
        noted,
        reads: () => noted().filter((one) => "read" in one) as { read: string; by: string }[] & Noted[],
        async type(line) {
          const before = noted().length;
          tmux.tmux("send-keys", "-t", pane, "-l", line);
          tmux.tmux("send-keys", "-t", pane, "Enter");
          await vi.waitFor(() => {
            const since = noted().slice(before);
            const isDone = since.some((one) => "idle" in one || "held" in one || (one["enter"] === line && line.startsWith("/")));
            const isHooked = !["/dialog", "/note", "/clear"].includes(line) || since.some((one) => "hook" in one);
            if (!isDone || !isHooked) throw new Error(`${line} had no effect: ${JSON.stringify(since)}`);
          }, patient);
        },
      };
    },
  };
}
