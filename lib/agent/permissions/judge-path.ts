import { relative } from "node:path";
import type { Workspace } from "../workspace/workspace.js";
import type { JudgedPath } from "./judged-call.js";

/** A path of a call as it really is. @throws ToolError for what is no path */
export async function judgePath(workspace: Workspace, path: string, writes: boolean): Promise<JudgedPath> {
  const real = await workspace.resolve(path);
  const isInside = workspace.isInside(real);
  return {
    path,
    real,
    ...(isInside && { relative: relative(workspace.root, real) || "." }),
    isOpen: isInside || (!writes && workspace.isReadable(real)),
    isHome: workspace.isHome(real),
    writes,
  };
}
