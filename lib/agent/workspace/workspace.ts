import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { userHome } from "../../node/home-folder.js";
import { codeOf } from "../../thrown.js";
import { ToolError } from "../tools/tool-error.js";
import { isWithin, realPathOf } from "./real-path.js";

/** The folders of a run, all as real paths. */
export interface Workspace {
  /** The git top level above `cwd`, else `cwd`. */
  readonly root: string;
  readonly cwd: string;
  /** The daemon's own folder, closed to every file tool. */
  readonly home: string;
  readonly readRoots: readonly string[];
  /** The real path of what the model wrote, relative to `cwd`. @throws ToolError for what is no path */
  resolve(path: string): Promise<string>;
  /** As a person reads it: relative inside the workspace, absolute elsewhere. */
  shown(real: string): string;
  isInside(real: string): boolean;
  /** Inside the workspace or a read root. */
  isReadable(real: string): boolean;
  isHome(real: string): boolean;
}

/** Finds the folders of a run. */
export async function openWorkspace(options: { cwd: string; home: string; readRoots?: readonly string[] }): Promise<Workspace> {
  const cwd = await realPathOf(resolve(options.cwd));
  const root = gitTopLevel(cwd) ?? cwd;
  const home = await realPathOf(resolve(options.home));
  const readRoots = await Promise.all((options.readRoots ?? []).map((path) => realPathOf(resolve(root, withHome(path)))));
  const isInside = (real: string): boolean => isWithin(root, real);
  return {
    root,
    cwd,
    home,
    readRoots,
    async resolve(path) {
      if (path === "" || path.includes("\0")) throw new ToolError("invalid_arguments", "path must be a path that is not empty");
      try {
        return await realPathOf(resolve(cwd, path));
      } catch (error) {
        throw new ToolError("failed", `${path}: ${codeOf(error) ?? "cannot be resolved"}`);
      }
    },
    shown: (real) => (isInside(real) ? relative(root, real) || "." : real),
    isInside,
    isReadable: (real) => isInside(real) || readRoots.some((folder) => isWithin(folder, real)),
    isHome: (real) => isWithin(home, real),
  };
}

/** The nearest folder upwards that holds a `.git`, which is a file in a worktree. */
export function gitTopLevel(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** `~` at the start of a path that a person wrote. */
export function withHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(userHome(), path.slice(1)) : path;
}
