import { stat } from "node:fs/promises";
import { ToolError, toToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

/** The real path of the folder a search begins in. @throws ToolError `not_found` */
export async function findFolder({ files }: ToolRoom, call_id: string, path: string | undefined): Promise<string> {
  const real = path === undefined ? files.workspace.cwd : await files.enter(call_id, path, "read");
  const found = await stat(real).catch((error: unknown) => {
    throw toToolError(error, path ?? ".");
  });
  if (!found.isDirectory()) throw new ToolError("not_found", `${path ?? "."} is not a folder`);
  return real;
}

/** What a search's paths are shown behind, so that the model can use them as they are. */
export function prefixOf(path: string | undefined): string {
  if (path === undefined || path === "." || path === "./") return "";
  return path.endsWith("/") ? path : `${path}/`;
}
