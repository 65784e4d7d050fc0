import * as z from "zod";
import { readFound, writeWhole } from "../workspace/file-access.js";
import { toTextFile, type TextFile } from "../workspace/text-file.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { diffOf, emitChange } from "./file-diff.js";
import { fileBytes } from "./read.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  path: z.string().min(1),
  old_str: z.string().min(1).describe("The text to replace, exactly as it stands in the file"),
  new_str: z.string(),
  replace_all: z.boolean().exactOptional().describe("Replaces every occurrence; otherwise there must be exactly one"),
});
type Edit = z.infer<typeof args>;

/** Tool `edit_file`. */
export function createEditFileTool(room: ToolRoom): BuiltinTool {
  const { files } = room;
  return defineTool(
    {
      name: "edit_file",
      description: "Replaces a text in a file that was read before.",
      level: "confirm_write",
      args,
      paths: ({ path }) => [{ path, writes: true }],
      async diff(edit) {
        const real = await files.workspace.resolve(edit.path);
        const { file } = await load(real, edit.path);
        return diffOf(files.workspace.shown(real), file.text, replaced(file, edit)).patch;
      },
      async run(edit, { call_id, context }) {
        const real = await files.enter(call_id, edit.path, "write");
        return files.alone([real], async () => {
          const { file, bytes, mode } = await load(real, edit.path);
          files.assertKnown(real, bytes);
          const text = replaced(file, edit);
          const written = Buffer.from(file.encode(text));
          await writeWhole(real, edit.path, written, { mode, replace: true });
          files.saw(real, written);
          const path = files.workspace.shown(real);
          const { patch, added, removed } = diffOf(path, file.text, text);
          await emitChange(context, { path, change: "modified", call_id, added, removed });
          return patch;
        });
      },
    },
    room.outputBytes,
  );
}

async function load(real: string, path: string): Promise<{ file: TextFile; bytes: Buffer; mode: number }> {
  const { bytes, mode } = await readFound(real, path, fileBytes);
  return { file: toTextFile(bytes, path), bytes, mode };
}

function replaced({ text }: TextFile, { path, old_str, new_str, replace_all = false }: Edit): string {
  // The text is seen with LF line ends wherever the file has CRLF throughout.
  const wanted = text.includes(old_str) ? old_str : old_str.replaceAll("\r\n", "\n");
  const count = text.split(wanted).length - 1;
  if (count === 0) throw new ToolError("no_match", `old_str does not occur in ${path}`);
  if (count > 1 && !replace_all)
    throw new ToolError("not_unique", `old_str occurs ${count} times in ${path}; give more of its surroundings or set replace_all`);
  if (old_str === new_str) throw new ToolError("no_match", "new_str equals old_str, so there is nothing to change");
  return text.split(wanted).join(new_str);
}
