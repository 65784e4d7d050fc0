import { constants } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { messageOf } from "../../thrown.js";
import { isWithin, realPathOf } from "../workspace/real-path.js";
import { type Check, readCheck } from "./check.js";

/** The checks that are about a set of changed files, and what is wrong with the others. */
export interface FoundChecks {
  readonly checks: readonly Check[];
  /** One sentence for each file that is left out. */
  readonly broken: readonly string[];
}

const fileBytes = 64 * 1024;

/** The checks at the root and the nearest ones above each changed file, as far as their paths fit. */
export async function findChecks(root: string, files: readonly string[]): Promise<FoundChecks> {
  const checks: Check[] = [];
  const broken: string[] = [];
  for (const [folder, below] of await checkFolders(root, files)) {
    const found = join(root, folder, ".agents/checks");
    const names = (await readdir(found)).filter((name) => name.endsWith(".md")).toSorted();
    for (const name of names) {
      try {
        const check = readCheck(await readStart(root, join(found, name)), basename(name, ".md"));
        if (below.some((file) => check.fits(relative(folder, file)))) checks.push(check);
      } catch (error) {
        broken.push(`${join(folder, ".agents/checks", name)} is skipped: ${messageOf(error)}.`);
      }
    }
  }
  return { checks, broken };
}

/** Folders that hold checks, relative to the root, with the changed files that are theirs: the root has all. */
async function checkFolders(root: string, files: readonly string[]): Promise<Map<string, readonly string[]>> {
  const known = new Map<string, Promise<boolean>>();
  const holds = (folder: string): Promise<boolean> => {
    const asked = known.get(folder) ?? isFolder(join(root, folder, ".agents/checks"));
    known.set(folder, asked);
    return asked;
  };
  const folders = new Map<string, string[]>();
  if (await holds(".")) folders.set(".", [...files]);
  for (const file of files) {
    let at = dirname(file);
    while (at !== "." && !(await holds(at))) at = dirname(at);
    if (at !== ".") folders.set(at, [...(folders.get(at) ?? []), file]);
  }
  return folders;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** The first 64 KiB of a file of the workspace; a link out of it leads nowhere. */
async function readStart(root: string, path: string): Promise<string> {
  const real = await realPathOf(path);
  if (!isWithin(root, real)) throw new Error("it is a link out of the workspace");
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new Error("it is not a regular file");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(fileBytes), 0, fileBytes, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: true });
  } finally {
    await file.close();
  }
}
