import type { Commands } from "../../node/index.js";
import { ToolError } from "../tools/tool-error.js";
import { readFound } from "../workspace/file-access.js";
import type { Workspace } from "../workspace/workspace.js";

const diffPoints = 120_000;
const previews = 10;
const previewBytes = 16 * 1024;
const gitMs = 30_000;
const gitBytes = 8 * 1024 * 1024;

/** Where changes are looked for, and what runs git there. */
export interface ReviewGround {
  readonly run_id: string;
  readonly commands: Commands;
  readonly workspace: Workspace;
}

/** What has changed in a workspace. */
export interface Changes {
  /** For the model: status, statistics, diffs and untracked files, cut to their limits. */
  readonly text: string;
  /** The paths that changed, relative to the root. */
  readonly files: readonly string[];
}

const plain = ["--no-ext-diff", "--no-textconv", "--no-color"];

/** What a review of the workspace's changes looks at; `undefined` = there are none. @throws ToolError without a repository */
export async function readChanges(
  ground: ReviewGround,
  { base, signal }: { readonly base?: string; readonly signal: AbortSignal },
): Promise<Changes | undefined> {
  const git = (...args: readonly string[]): Promise<string> => runGit(ground, args, signal);
  await git("rev-parse", "--show-toplevel").catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ToolError("unavailable", error instanceof ToolError ? error.message : "not a git repository");
  });
  const status = await git("status", "--short", "--untracked-files=all");
  const unstaged = await git("diff", ...plain);
  const staged = await git("diff", "--cached", ...plain);
  // A ref that looks like an option is none.
  const mergeBase = base === undefined ? undefined : (await git("merge-base", "--end-of-options", base, "HEAD")).trim();
  const against = mergeBase === undefined ? "" : await git("diff", ...plain, mergeBase, "HEAD");
  if (status.trim() === "" && against.trim() === "") return undefined;
  // Before the first commit there is no HEAD to compare with.
  const since = mergeBase ?? "HEAD";
  const stats = await git("diff", "--stat", ...plain, since).catch(() => git("diff", "--cached", "--stat", ...plain));
  const tracked = names(await git("diff", "--name-only", ...plain, since).catch(() => git("diff", "--cached", "--name-only", ...plain)));
  const untracked = names(await git("ls-files", "--others", "--exclude-standard"));

  const cut = createCutter(diffPoints);
  const parts = [
    `git status --short\n${status}`,
    stats && `Statistics\n${stats}`,
    tracked.length > 0 && `Changed files\n${tracked.join("\n")}`,
    unstaged && `Unstaged changes\n${cut(unstaged)}`,
    staged && `Staged changes\n${cut(staged)}`,
    against && `Changes since the merge base with ${base}\n${cut(against)}`,
    untracked.length > 0 && `Untracked files\n${await untrackedText(ground.workspace, untracked)}`,
  ];
  return { text: parts.filter((part) => typeof part === "string" && part !== "").join("\n\n"), files: [...tracked, ...untracked] };
}

/** The names of a list, one a line. */
function names(list: string): string[] {
  return list
    .split("\n")
    .filter((name) => name !== "")
    .map(unquoted);
}

const escapes: Readonly<Record<string, string>> = { a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** A name as git shows it: in quotes, with escapes, when it has unusual characters. */
function unquoted(name: string): string {
  if (!name.startsWith('"')) return name;
  const bytes = name
    .slice(1, -1)
    .replaceAll(/\\(?:([0-7]{3})|(.))/g, (_, octal: string | undefined, sign: string) =>
      octal === undefined ? (escapes[sign] ?? sign) : String.fromCharCode(Number.parseInt(octal, 8)),
    );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

async function runGit({ run_id, commands, workspace }: ReviewGround, args: readonly string[], signal: AbortSignal): Promise<string> {
  let stdout = "";
  let stderr = "";
  const end = await commands.run({
    run_id,
    // Nothing of the repository's own settings is run: no hooks, no pager, no watcher.
    argv: ["git", "--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", ...args],
    cwd: workspace.root,
    env: { GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", GIT_PAGER: "cat" },
    hidden: true,
    signal,
    timeoutMs: gitMs,
    onOutput(text, stream) {
      if (stream === "stderr") stderr = (stderr + text).slice(0, 2000);
      else if (stdout.length < gitBytes) stdout += text;
    },
  });
  if (end.timed_out) throw new ToolError("timed_out", `git took longer than ${gitMs} ms`);
  if (end.exit_code !== 0) throw new ToolError("failed", `git ${args[0]}: ${stderr.trim() || `exit code ${end.exit_code}`}`);
  return stdout;
}

/** Cuts texts so that all of them together have at most `limit` code points. */
function createCutter(limit: number): (text: string) => string {
  let left = limit;
  return (text) => {
    const points = [...text];
    const kept = points.slice(0, left).join("");
    const missing = points.length - Math.min(points.length, left);
    left -= points.length - missing;
    return missing > 0 ? `${kept}\n[… ${missing} characters omitted …]` : kept;
  };
}

async function untrackedText(workspace: Workspace, untracked: readonly string[]): Promise<string> {
  const blocks = await Promise.all(
    untracked.map(async (name, index) => {
      if (index >= previews) return name;
      const real = await workspace.resolve(`${workspace.root}/${name}`);
      if (!workspace.isInside(real)) return `${name} (a link out of the workspace)`;
      const found = await readFound(real, name, 10 * 1024 * 1024).catch(() => undefined);
      if (!found || found.bytes.includes(0)) return `${name} (not a text)`;
      return `==> ${name} <==\n${found.bytes.toString("utf8", 0, previewBytes).toWellFormed()}`;
    }),
  );
  return blocks.join("\n");
}
