import { promises } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { codeOf } from "../../thrown.js";

/**
 * The path with every link followed, also where its end does not exist yet: the deepest existing parent decides, and a
 * link that leads nowhere counts as the place it points to.
 */
export async function realPathOf(path: string, hops = 0): Promise<string> {
  try {
    return await promises.realpath(path);
  } catch (error) {
    const code = codeOf(error);
    if ((code !== "ENOENT" && code !== "ENOTDIR") || hops > 40) throw error;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const place = join(await realPathOf(parent, hops), basename(path));
  const target = await linkTarget(place);
  return target === undefined ? place : realPathOf(resolve(dirname(place), target), hops + 1);
}

/** True for the folder itself and for what is in it. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await promises.lstat(path)).isSymbolicLink() ? await promises.readlink(path) : undefined;
  } catch {
    return undefined;
  }
}
