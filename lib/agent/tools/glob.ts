import { lstat } from "node:fs/promises";
import * as z from "zod";
import { choicesOf, pathGlob } from "../../path-glob.js";
import { walk } from "../workspace/walk.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { findFolder, prefixOf } from "./find-folder.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  pattern: z.string().min(1).max(1024).describe("Such as **/*.ts, relative to the folder"),
  path: z.string().min(1).exactOptional().describe("Folder to look in"),
  limit: z.int().min(1).max(2000).exactOptional().describe("Results at most, default 200"),
});

/** Tool `glob`. */
export function createGlobTool(room: ToolRoom): BuiltinTool {
  return defineTool(
    {
      name: "glob",
      description: "Finds files by a glob, newest change first.",
      level: "auto_read",
      args,
      paths: ({ path }) => (path === undefined ? [] : [{ path, writes: false }]),
      async run({ pattern, path, limit = 200 }, { call_id, signal }) {
        const matches = compileGlob(pattern);
        const start = await findFolder(room, call_id, path);
        const found: { path: string; changed: number }[] = [];
        for await (const { kind, path: at, real } of walk(start, room.files.workspace, signal)) {
          if (kind === "folder" || !matches(at)) continue;
          const changed = await lstat(real).then(
            ({ mtimeMs }) => mtimeMs,
            () => 0,
          );
          found.push({ path: at, changed });
        }
        if (found.length === 0) return "No files found.";
        found.sort((a, b) => b.changed - a.changed || (a.path < b.path ? -1 : 1));
        const shown = found.slice(0, limit).map((one) => prefixOf(path) + one.path);
        return found.length > limit ? [...shown, `[… ${found.length - limit} more …]`].join("\n") : shown.join("\n");
      },
    },
    room.outputBytes,
  );
}

/** @throws ToolError `invalid_pattern` for what leads out of the folder, or has too many choices */
export function compileGlob(pattern: string): (path: string) => boolean {
  const plain = pattern.replace(/^\.\//, "");
  if (plain.startsWith("/") || plain.split("/").includes("..")) {
    throw new ToolError("invalid_pattern", `${pattern} leads out of the folder; give the folder as path`);
  }
  if (/[!@+?*]\([^)]*\|/.test(plain)) throw new ToolError("invalid_pattern", `${pattern}: choices are written in braces, as {ts,tsx}`);
  try {
    const fits = choicesOf(plain).map(pathGlob);
    return (path) => fits.some((fit) => fit(path));
  } catch (error) {
    throw new ToolError("invalid_pattern", (error as Error).message);
  }
}
