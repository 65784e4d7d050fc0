import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { PaneBackend } from "../../lib/panes/pane-backend.js";
import { createTmuxPanes } from "../../lib/node/tmux/tmux-panes.js";

/** True when there is a tmux; a test that needs one says so in its name and skips itself. */
export const hasTmux = ((): boolean => {
  try {
    return execFileSync("tmux", ["-V"], { encoding: "utf8" }).startsWith("tmux ");
  } catch {
    return false;
  }
})();

/** A tmux server of a test's own, in a folder of its own. */
export interface TmuxServer {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs one tmux command and answers what it says. */
  tmux(...args: string[]): string;
  /** A pane that runs a program, as a session of its own. */
  open(session: string, argv: readonly string[], cwd?: string): string;
  /** The backend under test, over this server. */
  panes(program?: string): PaneBackend;
  close(): void;
}

/** @param socketName - `default` is the one that a program finds by itself in this environment */
export function startTmux(socketName = "anode-test"): TmuxServer {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "anode-tmux-")));
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TMUX_TMPDIR: folder, TERM: "xterm-256color", SHELL: "/bin/sh" };
  const tmux = (...args: string[]): string =>
    execFileSync("tmux", ["-u", "-L", socketName, "-f", "/dev/null", ...args], {
      env,
      encoding: "utf8",
      stdio: "pipe",
    });
  const commandOf = (pane: string): string => {
    try {
      return tmux("display-message", "-p", "-t", pane, "#{pane_current_command}").trim();
    } catch {
      return "";
    }
  };
  return {
    folder,
    env,
    tmux,
    open(session, argv, cwd = folder) {
      const pane = tmux(
        "new-session",
        "-d",
        "-x",
        "120",
        "-y",
        "40",
        "-s",
        session,
        // By itself tmux names a window now and then, and first after what it was before it became the program.
        "-n",
        basename(argv[0] ?? ""),
        "-c",
        cwd.replaceAll("#", "##"),
        "-P",
        "-F",
        "#{pane_id}",
        "--",
        ...argv,
      ).trim();
      // Between fork and exec it is tmux itself that runs there; a pane may as well have ended already.
      for (let look = 0; look < 100 && commandOf(pane) === "tmux"; look += 1);
      return pane;
    },
    panes: (program = "tmux") => createTmuxPanes({ program, socketName, env, timeoutMs: 10_000 }),
    close() {
      try {
        tmux("kill-server");
      } catch {
        // Its last pane may have ended it.
      }
      // Agents of panes that were just ended may still write their last lines.
      rmSync(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
    },
  };
}

/**
 * A program for a pane: asks for bracketed pastes, reads without echo, and writes every byte into a file. A shell with a child, as an
 * agent's starter would be.
 */
export function recorder(file: string): readonly string[] {
  return ["/bin/sh", "-c", `stty raw -echo; printf '\\033[?2004hready'; cat >'${file}'; :`];
}

/** What the recorder has written, as soon as it ends with this text. */
export async function recorded(file: string, end: string, timeoutMs = 5_000): Promise<string> {
  let text = "";
  await until(() => (text = read(file)).endsWith(end), timeoutMs).catch(() => {});
  return text;
}

/** Looks again and again until it is so. */
export async function until(isSo: () => boolean, timeoutMs = 5_000, everyMs = 10): Promise<void> {
  for (const end = performance.now() + timeoutMs; !isSo(); ) {
    if (performance.now() > end) throw new Error(`It did not happen within ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
