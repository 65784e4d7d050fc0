import { stat } from "node:fs/promises";
import * as z from "zod";
import { listFound, readFound } from "../workspace/file-access.js";
import { toTextFile } from "../workspace/text-file.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { ToolError, toToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

/** The largest file that is read or edited. */
export const fileBytes = 10 * 1024 * 1024;
const lineUnits = 2000;
const folderNames = 500;

const limit = z.int().min(1).max(5000).exactOptional().describe("Number of lines at most, default 2000");
const readArgs = z.strictObject({
  path: z.string().min(1).describe("File or folder, relative to the working folder"),
  offset: z.int().min(1).exactOptional().describe("First line, from 1"),
  limit,
});
const multiReadArgs = z.strictObject({ paths: z.array(z.string().min(1)).min(1).max(20), limit });

/** Tool `read`. */
export function createReadTool(room: ToolRoom): BuiltinTool {
  return defineTool(
    {
      name: "read",
      description: "Reads a text file as numbered lines, or lists a folder.",
      level: "auto_read",
      args: readArgs,
      paths: ({ path }) => [{ path, writes: false }],
      run: (args, call) => readOne(room, call.call_id, args),
    },
    room.outputBytes,
  );
}

/** Tool `multi_read`. */
export function createMultiReadTool(room: ToolRoom): BuiltinTool {
  return defineTool(
    {
      name: "multi_read",
      description: "Reads up to 20 files at once; what is wrong with one is told in its place.",
      level: "auto_read",
      args: multiReadArgs,
      paths: ({ paths }) => paths.map((path) => ({ path, writes: false })),
      async run({ paths, ...rest }, call) {
        const blocks = await Promise.all(
          paths.map(async (path) => {
            const text = await readOne(room, call.call_id, { path, ...rest }).catch((error: unknown) => {
              const { code, message } = toToolError(error, path);
              return `error: ${code}: ${message}`;
            });
            return `==> ${path} <==\n${text}`;
          }),
        );
        return blocks.join("\n\n");
      },
    },
    room.outputBytes,
  );
}

async function readOne(
  { files, config }: ToolRoom,
  call_id: string,
  { path, offset = 1, limit }: z.infer<typeof readArgs>,
): Promise<string> {
  const real = await files.enter(call_id, path, "read");
  const found = await stat(real).catch((error: unknown) => {
    throw toToolError(error, path);
  });
  if (found.isDirectory()) return folderText(await listFound(real, path));
  const { bytes } = await readFound(real, path, fileBytes);
  const { text } = toTextFile(bytes, path);
  files.saw(real, bytes);
  return numbered(text, offset, limit ?? config.tools?.limits?.readLines ?? 2000);
}

function folderText(names: readonly string[]): string {
  if (names.length === 0) return "(empty folder)";
  const more = names.length - folderNames;
  return [...names.slice(0, folderNames), ...(more > 0 ? [`[… ${more} more names …]`] : [])].join("\n");
}

function numbered(text: string, offset: number, limit: number): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) return "(empty file)";
  if (offset > lines.length) throw new ToolError("not_found", `the file has only ${lines.length} lines`);
  const shown = lines.slice(offset - 1, offset - 1 + limit).map((line, index) => `${String(offset + index).padStart(6)}\t${short(line)}`);
  const left = lines.length - (offset - 1) - shown.length;
  return left > 0 ? `${shown.join("\n")}\n[… ${left} more lines, continue with offset ${offset + shown.length} …]` : shown.join("\n");
}

function short(line: string): string {
  return line.length <= lineUnits ? line : `${line.slice(0, lineUnits).toWellFormed()} [… ${line.length - lineUnits} characters omitted …]`;
}
