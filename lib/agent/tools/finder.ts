import * as z from "zod";
import { walk } from "../workspace/walk.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { findFolder, prefixOf } from "./find-folder.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  query: z.string().min(1).max(256).describe("Letters of the path in their order, as in a quick-open box"),
  path: z.string().min(1).exactOptional().describe("Folder to look in"),
  limit: z.int().min(1).max(500).exactOptional().describe("Results at most, default 50"),
});

/** Tool `finder`. */
export function createFinderTool(room: ToolRoom): BuiltinTool {
  return defineTool(
    {
      name: "finder",
      description: "Finds files by parts of their path, best match first.",
      level: "auto_read",
      args,
      paths: ({ path }) => (path === undefined ? [] : [{ path, writes: false }]),
      async run({ query, path, limit = 50 }, { call_id, signal }) {
        const start = await findFolder(room, call_id, path);
        const found: { path: string; score: number }[] = [];
        for await (const entry of walk(start, room.files.workspace, signal)) {
          if (entry.kind === "folder") continue;
          const score = matchScore(query, entry.path);
          if (score !== undefined) found.push({ path: entry.path, score });
        }
        if (found.length === 0) return "No files found.";
        found.sort((a, b) => b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1));
        const shown = found.slice(0, limit).map((one) => prefixOf(path) + one.path);
        return found.length > limit ? [...shown, `[… ${found.length - limit} more …]`].join("\n") : shown.join("\n");
      },
    },
    room.outputBytes,
  );
}

/**
 * How well the letters of a query, in their order, fit a path; `undefined` when they do not occur. Runs of letters,
 * starts of words and the file's own name count most.
 */
export function matchScore(query: string, path: string): number | undefined {
  const wanted = query.toLowerCase().replaceAll(/\s+/g, "");
  const text = path.toLowerCase();
  const name = text.lastIndexOf("/") + 1;
  // The name first: letters that fit in it should not be used up by its folders.
  const inName = scoreFrom(wanted, text, name);
  return inName === undefined ? scoreFrom(wanted, text, 0) : inName + 50;
}

function scoreFrom(wanted: string, text: string, from: number): number | undefined {
  const exact = text.indexOf(wanted, from);
  let score = exact < 0 ? 0 : 30 + (exact === 0 || /[/._\- ]/.test(text[exact - 1] ?? "") ? 20 : 0);
  let at = from;
  let previous = -2;
  for (const letter of wanted) {
    const found = text.indexOf(letter, at);
    if (found < 0) return undefined;
    score += found === previous + 1 ? 3 : found === from || /[/._\- ]/.test(text[found - 1] ?? "") ? 2 : 0;
    previous = found;
    at = found + 1;
  }
  return score - (text.length - from) / 100;
}
