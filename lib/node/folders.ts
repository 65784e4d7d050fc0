import { realpathSync } from "node:fs";
import { promises } from "node:fs";
import { sep } from "node:path";
import { AnodeError, type Folders } from "../../lib/index.js";

/** Runs work in existing folders, by real path; callers without `admin` inside the roots only. */
export function createFolders(roots: readonly string[], fallback: string): Folders {
  const real = roots.flatMap(realPathOf);
  return {
    fallback,
    async resolve(path) {
      const found = await promises.realpath(path).catch(() => undefined);
      if (found !== undefined && (await promises.stat(found)).isDirectory()) return found;
      throw new AnodeError("cwd_not_found", `cwd must be an existing folder, ${JSON.stringify(path.slice(0, 200))} is none.`);
    },
    allows: (path) => real.some((root) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)),
  };
}

// A root that is not there holds no folder.
function realPathOf(root: string): string[] {
  try {
    return [realpathSync(root)];
  } catch {
    return [];
  }
}
