import { execFile } from "node:child_process";
import { AnodeError } from "../../index.js";
import type { Environment } from "../home-folder.js";
import { childEnvironment } from "../process/environment.js";

/** Which tmux is spoken to, and how long it is waited for. */
export interface TmuxOptions {
  /** The program, looked for in `PATH` when it is no path. @defaultValue "tmux" */
  readonly program?: string;
  /** Name of the server's socket, as `-L` takes it. @defaultValue the server of this user, or that of our own pane */
  readonly socketName?: string;
  /** Milliseconds for one answer. @defaultValue 2000 */
  readonly timeoutMs?: number;
  /** Where `PATH`, `TMUX` and `TMUX_TMPDIR` come from. @defaultValue the environment of this process */
  readonly env?: Environment;
}

/** What tmux said: its output, or why there is none. */
export type TmuxAnswer =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly why: TmuxFailure; readonly text: string };

/**
 * `refused`: the server said no. `no_server`: nobody listens at its socket, so its panes are gone. `no_socket`: there is
 * none, so no server was started yet, or its socket was cleaned away while it lives on. `unreachable`: all else.
 */
export type TmuxFailure = "refused" | "no_server" | "no_socket" | "unreachable";

/** Asks tmux one thing; never through a shell, never for longer than the time-out. */
export type RunTmux = (args: readonly string[], input?: string) => Promise<TmuxAnswer>;

const outputBytes = 4 * 1024 * 1024;

/** A {@link RunTmux} for one server. */
export function createRunTmux({ program = "tmux", socketName, timeoutMs = 2_000, env = process.env }: TmuxOptions): RunTmux {
  // UTF-8 whatever the locale, else names and folders come with their letters replaced.
  const server = ["-u", ...(socketName === undefined ? [] : ["-L", socketName])];
  return (args, input) =>
    new Promise((resolve) => {
      // A server that is started here hands this environment to every pane.
      const variables = childEnvironment({ base: env, pass: ["TMUX", "TMUX_TMPDIR"], own: {} });
      const settings = { env: variables, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: outputBytes, encoding: "utf8" } as const;
      const child = execFile(program, [...server, ...args], settings, (error, stdout, stderr) => {
        if (!error) resolve({ ok: true, output: stdout });
        else if (error.killed) resolve({ ok: false, why: "unreachable", text: `tmux gave no answer within ${timeoutMs} ms` });
        else if (typeof error.code !== "number") resolve({ ok: false, why: "unreachable", text: `tmux did not start (${error.code})` });
        else resolve({ ok: false, why: whyOf(stderr), text: stderr.trim().slice(0, 500) || `tmux ended with ${error.code}` });
      });
      // It may end before it has read everything; its answer says why.
      child.stdin?.on("error", () => {});
      child.stdin?.end(input ?? "");
    });
}

function whyOf(stderr: string): TmuxFailure {
  if (stderr.startsWith("no server running on ")) return "no_server";
  if (stderr.startsWith("error connecting to ")) return stderr.includes("(No such file or directory)") ? "no_socket" : "unreachable";
  return /^(lost server|server exited)/.test(stderr) ? "unreachable" : "refused";
}

/** The refusal that stands for an answer which could not be had. */
export function unavailable(text: string): AnodeError {
  return new AnodeError("pane_backend_unavailable", `tmux cannot be reached: ${text}.`);
}
