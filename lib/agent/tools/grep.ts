import { stat } from "node:fs/promises";
import * as z from "zod";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { compileGlob } from "./glob.js";
import { searchByProgram } from "./grep-program.js";
import { searchByWorker } from "./grep-worker.js";
import type { Search } from "./search.js";
import { toToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  pattern: z.string().min(1).max(4096).describe("Regular expression, matched line by line"),
  path: z.string().min(1).exactOptional().describe("File or folder to search"),
  glob: z.string().min(1).max(1024).exactOptional().describe("Only files whose path fits, such as **/*.ts"),
  case_sensitive: z.boolean().exactOptional().describe("Default true"),
  context: z.int().min(0).max(5).exactOptional().describe("Lines shown around each match"),
  limit: z.int().min(1).max(2000).exactOptional().describe("Matches at most, default 200"),
});

/** Tool `grep`. */
export function createGrepTool(room: ToolRoom): BuiltinTool {
  return defineTool(
    {
      name: "grep",
      description: "Searches file contents by a regular expression.",
      level: "auto_read",
      args,
      paths: ({ path }) => (path === undefined ? [] : [{ path, writes: false }]),
      async run({ pattern, path, glob, case_sensitive = true, context = 0, limit = 200 }, call) {
        const real = path === undefined ? room.files.workspace.cwd : await room.files.enter(call.call_id, path, "read");
        const found = await stat(real).catch((error: unknown) => {
          throw toToolError(error, path ?? ".");
        });
        const search: Search = {
          pattern,
          caseSensitive: case_sensitive,
          context,
          limit,
          real,
          isFile: found.isFile(),
          shown: path,
          glob: glob === undefined ? undefined : compileGlob(glob),
        };
        const { lines, isCut } = (await searchByProgram(room, search, call.signal)) ?? (await searchByWorker(room, search, call.signal));
        if (lines.length === 0) return "No matches.";
        return isCut ? [...lines, `[… more than ${limit} matches …]`].join("\n") : lines.join("\n");
      },
    },
    room.outputBytes,
  );
}
