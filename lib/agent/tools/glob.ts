import picomatch from "picomatch";
import { lstat } from "node:fs/promises";
import * as z from "zod";
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

/** Each further star multiplies the time that a name which was made for it takes: with five, one name holds everybody up for half a minute. */
const mostStars = 3;

function hasManyStars(pattern: string): boolean {
  const parts = pattern.split("/");
  return parts.filter((part) => part === "**").length > mostStars || parts.some((part) => part !== "**" && starsIn(part) > mostStars);
}

/** Of the choices in braces the one with the most stars counts. */
function starsIn(part: string): number {
  const plain = part.replaceAll(/\{([^{}]*)\}/g, (_, choices: string) => "*".repeat(Math.max(...choices.split(",").map(starsOf))));
  return plain === part ? starsOf(part) : starsIn(plain);
}

const starsOf = (text: string): number => text.split("*").length - 1;

/** @throws ToolError `invalid_pattern` for what leads out of the folder, or takes too long */
export function compileGlob(pattern: string): (path: string) => boolean {
  const plain = pattern.replace(/^\.\//, "");
  if (plain.startsWith("/") || plain.split("/").includes("..")) {
    throw new ToolError("invalid_pattern", `${pattern} leads out of the folder; give the folder as path`);
  }
  if (hasManyStars(plain))
    throw new ToolError("invalid_pattern", `${pattern} has more than ${mostStars} stars between two slashes, or more than ${mostStars} **`);
  try {
    return picomatch(plain, { dot: true, nonegate: true, maxLength: 1024 });
  } catch (error) {
    throw new ToolError("invalid_pattern", error instanceof Error ? error.message : `${pattern} is no glob`);
  }
}
