import * as z from "zod";
import { makeFolderOf, readFound, writeWhole } from "../workspace/file-access.js";
import { isBinary } from "../workspace/text-file.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { diffOf, emitChange } from "./file-diff.js";
import { fileBytes } from "./read.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const contentBytes = 1024 * 1024;
const args = z.strictObject({
  path: z.string().min(1),
  content: z.string().describe("The whole text of the file, at most 1 MiB"),
  overwrite: z.boolean().exactOptional().describe("Replaces a file that is there already"),
});

/** Tool `create_file`. */
export function createCreateFileTool(room: ToolRoom): BuiltinTool {
  const { files } = room;
  return defineTool(
    {
      name: "create_file",
      description: "Writes a new file and the folders it takes.",
      level: "confirm_write",
      args,
      paths: ({ path }) => [{ path, writes: true }],
      async diff({ path, content }) {
        const real = await files.workspace.resolve(path);
        return diffOf(files.workspace.shown(real), await textBefore(real, path), content).patch;
      },
      async run({ path, content, overwrite = false }, { call_id, context }) {
        const bytes = Buffer.from(content);
        if (bytes.length > contentBytes) throw new ToolError("too_large", `content has ${bytes.length} bytes, more than ${contentBytes}`);
        const real = await files.enter(call_id, path, "write");
        return files.alone([real], async () => {
          const before = overwrite ? await found(real, path) : undefined;
          await makeFolderOf(real, path);
          await writeWhole(real, path, bytes, { ...(before && { mode: before.mode }), replace: overwrite });
          files.saw(real, bytes);
          const shown = files.workspace.shown(real);
          const old = before && !isBinary(before.bytes) ? before.bytes.toString("utf8") : undefined;
          const { added, removed } = diffOf(shown, old, content);
          await emitChange(context, { path: shown, change: before ? "modified" : "created", call_id, added, removed });
          return `${before ? "Replaced" : "Created"} ${shown} (${bytes.length} bytes).`;
        });
      },
    },
    room.outputBytes,
  );
}

async function found(real: string, path: string) {
  return readFound(real, path, fileBytes).catch((error: unknown) => {
    if (error instanceof ToolError && error.code === "not_found") return undefined;
    throw error;
  });
}

async function textBefore(real: string, path: string): Promise<string | undefined> {
  const before = await found(real, path).catch(() => undefined);
  return before && !isBinary(before.bytes) ? before.bytes.toString("utf8") : undefined;
}
