import { accessSync, constants, statSync } from "node:fs";
import { join, relative } from "node:path";
import { invalidPattern, type Search, type SearchResult, shortLine } from "./search.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const searchMs = 30_000;

/** Searches by `rg`, where that is installed; otherwise `undefined`. */
export async function searchByProgram(room: ToolRoom, search: Search, signal: AbortSignal): Promise<SearchResult | undefined> {
  const program = findProgram("rg", room.env["PATH"]);
  if (program === undefined) return undefined;
  const { context, caseSensitive, glob, limit, pattern, real } = search;
  const lines: string[] = [];
  let matches = 0;
  let stderr = "";
  let open = "";
  const enough = new AbortController();
  const take = (line: string): void => {
    const found = parseLine(line);
    // Where it is not hidden from the program, it is kept from the model.
    if (found?.path !== undefined && room.files.workspace.isHome(found.path)) return;
    if (!found || (glob && found.path !== undefined && !glob(relative(real, found.path)))) return;
    if (found.isMatch) matches += 1;
    if (matches > limit) enough.abort(new ToolError("failed", "enough was found"));
    else lines.push(shownLine(search, found));
  };
  const argv = [
    program,
    ...[
      "--json",
      "--crlf",
      "--hidden",
      "--no-require-git",
      "--no-config",
      "--no-ignore-global",
      "--no-ignore-exclude",
      "--no-follow",
      "--sort",
      "path",
    ],
    ...["--glob", "!.git"],
    ...(caseSensitive ? ["--case-sensitive"] : ["--ignore-case"]),
    ...["--context", String(context), "--regexp", pattern, "--", real],
  ];
  try {
    const end = await room.commands.run({
      run_id: room.run_id,
      argv,
      cwd: room.files.workspace.cwd,
      hidden: true,
      signal: AbortSignal.any([signal, enough.signal]),
      timeoutMs: searchMs,
      onOutput(text, stream) {
        if (stream === "stderr") {
          stderr = (stderr + text).slice(0, 2000);
          return;
        }
        const parts = (open + text).split("\n");
        open = parts.pop() ?? "";
        for (const part of parts) if (!enough.signal.aborted) take(part);
      },
    });
    if (end.timed_out) throw new ToolError("timed_out", `the search took longer than ${searchMs} ms`);
    // 1 = nothing found; 2 = an error, which may be one unreadable file among many.
    if (end.exit_code === 2 && lines.length === 0) throw invalidPattern(stderr.trim() || "rg failed");
  } catch (error) {
    if (!enough.signal.aborted || signal.aborted) throw error;
  }
  return { lines, isCut: enough.signal.aborted };
}

interface FoundLine {
  readonly path: string | undefined;
  readonly number: number;
  readonly text: string;
  readonly isMatch: boolean;
}

function parseLine(line: string): FoundLine | undefined {
  try {
    const { type, data } = JSON.parse(line) as {
      type: string;
      data: { path?: { text?: string }; line_number?: number; lines?: { text?: string } };
    };
    if (type !== "match" && type !== "context") return undefined;
    return {
      path: data.path?.text,
      number: data.line_number ?? 0,
      text: (data.lines?.text ?? "").replace(/\r?\n$/, ""),
      isMatch: type === "match",
    };
  } catch {
    return undefined;
  }
}

function shownLine({ real, shown }: Search, { path, number, text, isMatch }: FoundLine): string {
  const below = path === undefined ? "?" : relative(real, path);
  const name = below === "" ? (shown ?? ".") : shown === undefined || shown === "." ? below : join(shown, below);
  const sign = isMatch ? ":" : "-";
  return `${name}${sign}${number}${sign}${shortLine(text)}`;
}

function findProgram(name: string, path = ""): string | undefined {
  for (const folder of path.split(":")) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (folder !== "" && statSync(file).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
