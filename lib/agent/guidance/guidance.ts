import { dirname, join, relative, sep } from "node:path";
import { readFound } from "../workspace/file-access.js";
import { isWithin, realPathOf } from "../workspace/real-path.js";
import type { Workspace } from "../workspace/workspace.js";

/** What the files of a workspace say to whoever works in it. */
export interface Guidance {
  /** A tool has touched this path: the folders on the way to it count from now on. */
  touch(real: string): void;
  /** The guidance as it is now, outer folders before inner ones. */
  text(): Promise<string>;
}

const names = ["AGENTS.md", "AGENT.md", "CLAUDE.md"];
const skipped = new Set(
  ".git .anode-harness .agents .claude node_modules vendor dist build target .next coverage .cache .venv venv".split(" "),
);
const files = 8;
const guidanceBytes = 32 * 1024;
const fileBytes = 1024 * 1024;
const includeBytes = 8 * 1024;
const includeDepth = 3;
const touchedFolders = 1000;

/** Makes the guidance of a run. `leftOut` hears, once, of each file for which there is no room. */
export function createGuidance(workspace: Workspace, leftOut: (path: string) => Promise<void>): Guidance {
  const touched = new Set([workspace.cwd]);
  const told = new Set<string>();
  return {
    touch(real) {
      if (workspace.isInside(real) && touched.size < touchedFolders) touched.add(dirname(real)).add(real);
    },
    async text() {
      const found = (await Promise.all(foldersOf(touched, workspace).map((folder) => readGuidance(folder, workspace)))).filter(
        (one) => one !== undefined,
      );
      const kept: typeof found = [];
      let left = guidanceBytes;
      // The innermost speaks of what is at hand: when there is no room for all, the outermost go.
      for (const one of found.toReversed()) {
        const bytes = Buffer.byteLength(one.text);
        if (kept.length < files && bytes <= left) {
          kept.unshift(one);
          left -= bytes;
        } else if (!told.has(one.path)) {
          told.add(one.path);
          await leftOut(one.path);
        }
      }
      return kept.map(({ path, text }) => `# ${path}\n${text.trim()}`).join("\n\n");
    },
  };
}

/** All folders from the root down to each of these, outer before inner. */
function foldersOf(touched: ReadonlySet<string>, { root }: Workspace): string[] {
  const folders = new Set([root]);
  for (const folder of touched) {
    const parts = relative(root, folder)
      .split(sep)
      .filter((part) => part !== "");
    if (parts[0] === "..") continue;
    for (let depth = 1; depth <= parts.length; depth += 1) {
      if (skipped.has(parts[depth - 1] ?? "")) break;
      folders.add(join(root, ...parts.slice(0, depth)));
    }
  }
  return [...folders].toSorted((a, b) => a.split(sep).length - b.split(sep).length || (a < b ? -1 : 1));
}

async function readGuidance(folder: string, workspace: Workspace): Promise<{ path: string; text: string } | undefined> {
  for (const name of names) {
    const real = join(folder, name);
    // A link, or a file that is none, counts as not there.
    const found = await readFound(real, name, fileBytes).catch(() => undefined);
    if (!found) continue;
    const included = new Set([real]);
    return {
      path: workspace.shown(real),
      text: await withIncludes(found.bytes.toString("utf8"), folder, { workspace, included, depth: 0 }),
    };
  }
  return undefined;
}

interface Including {
  readonly workspace: Workspace;
  readonly included: Set<string>;
  readonly depth: number;
}

/** Puts the files named by `@path` where they are named, outside code fences. */
async function withIncludes(text: string, folder: string, including: Including): Promise<string> {
  if (including.depth >= includeDepth) return text;
  const out: string[] = [];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || (mark.startsWith(fence[0] ?? "") && mark.length >= fence.length))) {
      fence = fence === undefined ? mark : undefined;
      out.push(line);
    } else out.push(fence === undefined ? await lineWithIncludes(line, folder, including) : line);
  }
  return out.join("\n");
}

async function lineWithIncludes(line: string, folder: string, including: Including): Promise<string> {
  // What stands between two backticks is code.
  const parts = line.split("`");
  const last = parts.length - 1;
  for (const [index, part] of parts.entries()) {
    const isCode = index % 2 === 1 && index < last;
    if (!isCode) parts[index] = await textWithIncludes(part, folder, including);
  }
  return parts.join("`");
}

async function textWithIncludes(line: string, folder: string, including: Including): Promise<string> {
  let out = "";
  let at = 0;
  for (const match of line.matchAll(/@[\w./~-]+/g)) {
    // Not an address of mail, and not a part of a longer path.
    if (/[\w@/]/.test(line[match.index - 1] ?? "")) continue;
    const path = withoutEndDots(match[0].slice(1));
    const text = path === "" ? undefined : await included(path, folder, including);
    if (text === undefined) continue;
    out += line.slice(at, match.index) + text;
    at = match.index + 1 + path.length;
  }
  return out + line.slice(at);
}

/** The full stop of a sentence is none of a path's. */
function withoutEndDots(path: string): string {
  let end = path.length;
  while (path[end - 1] === ".") end -= 1;
  return path.slice(0, end);
}

async function included(path: string, folder: string, { workspace, included: seen, depth }: Including): Promise<string | undefined> {
  const real = await realPathOf(join(folder, path)).catch(() => undefined);
  if (real === undefined || !isWithin(workspace.root, real) || workspace.isHome(real) || seen.has(real)) return undefined;
  const found = await readFound(real, path, fileBytes).catch(() => undefined);
  if (!found || found.bytes.includes(0)) return undefined;
  seen.add(real);
  const cut = found.bytes.subarray(0, includeBytes);
  const text = new TextDecoder().decode(cut, { stream: true });
  return `\n[${workspace.shown(real)}]\n${await withIncludes(text.trim(), dirname(real), { workspace, included: seen, depth: depth + 1 })}\n`;
}
