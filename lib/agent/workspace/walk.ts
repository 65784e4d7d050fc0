import ignore, { type Ignore } from "ignore";
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { readFound } from "./file-access.js";
import type { Workspace } from "./workspace.js";

/** An entry of a folder tree. */
export interface Entry {
  readonly real: string;
  /** From where the walk began, with `/` between names. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
}

/** More entries than this are not looked at. */
const walkEntries = 200_000;
const ignoreBytes = 1024 * 1024;

/**
 * The entries below a folder, as far as the `.gitignore` files of the workspace leave them. Links are named and never
 * followed; `.git` and the daemon's own folder are left out.
 */
export async function* walk(start: string, workspace: Workspace, signal: AbortSignal): AsyncGenerator<Entry> {
  let left = walkEntries;
  const visit = async function* (folder: string, above: readonly Rules[]): AsyncGenerator<Entry> {
    signal.throwIfAborted();
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const rules = [...above, ...(await rulesOf(folder))];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const real = join(folder, entry.name);
      const kind = entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : entry.isFile() ? "file" : undefined;
      if (!kind || entry.name === ".git" || workspace.isHome(real) || isIgnored(real, kind === "folder", rules)) continue;
      left -= 1;
      if (left < 0) return;
      yield { real, path: relative(start, real).split(sep).join("/"), kind };
      if (kind === "folder") yield* visit(real, rules);
    }
  };
  yield* visit(start, await rulesAbove(start, workspace));
}

interface Rules {
  readonly folder: string;
  readonly rules: Ignore;
}

/** The rules of the folders from the workspace root down to, but without, the start. */
async function rulesAbove(start: string, { root, isInside }: Workspace): Promise<Rules[]> {
  if (!isInside(start) || start === root) return [];
  const names = relative(root, start).split(sep).slice(0, -1);
  const folders = [root, ...names.map((_, index) => join(root, ...names.slice(0, index + 1)))];
  return (await Promise.all(folders.map(rulesOf))).flat();
}

async function rulesOf(folder: string): Promise<Rules[]> {
  try {
    const { bytes } = await readFound(join(folder, ".gitignore"), ".gitignore", ignoreBytes);
    return [{ folder, rules: ignore().add(bytes.toString("utf8")) }];
  } catch {
    return [];
  }
}

/** As git has it: the nearest rule that speaks of a path decides. */
function isIgnored(real: string, isFolder: boolean, all: readonly Rules[]): boolean {
  for (const { folder, rules } of all.toReversed()) {
    const path = relative(folder, real).split(sep).join("/");
    const { ignored, unignored } = rules.test(isFolder ? `${path}/` : path);
    if (ignored || unignored) return ignored;
  }
  return false;
}
