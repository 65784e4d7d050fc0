import * as z from "zod";
import { makeFolderOf, readFound, removeFound, writeWhole } from "../workspace/file-access.js";
import { toTextFile, type TextFile } from "../workspace/text-file.js";
import { applyHunks } from "./patch/apply-hunks.js";
import { type FilePatch, parsePatch, pathsOfPatch } from "./patch/parse-patch.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { diffOf, emitChange, type FileChange } from "./file-diff.js";
import { fileBytes } from "./read.js";
import { ToolError, toToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  patch: z
    .string()
    .min(1)
    .max(2_097_152)
    .describe("*** Begin Patch … *** End Patch, with Add File, Update File (Move to) and Delete File sections"),
});

/** One file's step of a patch: what it is and what it becomes. */
interface Step {
  readonly path: string;
  readonly real: string;
  readonly before?: { readonly file: TextFile; readonly bytes: Buffer; readonly mode: number };
  /** Absent = the file goes. */
  readonly after?: { readonly bytes: Buffer; readonly text: string; readonly mode?: number };
}

/** Tool `apply_patch`. */
export function createApplyPatchTool(room: ToolRoom): BuiltinTool {
  const { files } = room;
  return defineTool(
    {
      name: "apply_patch",
      description: "Changes several files at once by a patch; all of it holds or nothing.",
      level: "confirm_write",
      args,
      // What cannot be parsed touches nothing and fails when it is run.
      paths: ({ patch }) => pathsOfPatch(patch).map((path) => ({ path, writes: true })),
      async diff({ patch }) {
        const steps = await plan(parsePatch(patch), (path) => files.workspace.resolve(path));
        return steps.map((step) => diffOfStep(files.workspace.shown(step.real), step).patch).join("");
      },
      async run({ patch }, { call_id, context }) {
        const sections = parsePatch(patch);
        const enter = (path: string): Promise<string> => files.enter(call_id, path, "write");
        const reals = await Promise.all(pathsOfPatch(patch).map(enter));
        return files.alone(reals, async () => {
          const steps = await plan(sections, enter);
          await carryOut(steps);
          const lines: string[] = [];
          for (const step of steps) {
            files.saw(step.real, step.after?.bytes);
            const path = files.workspace.shown(step.real);
            const change: FileChange["change"] = !step.after ? "deleted" : step.before ? "modified" : "created";
            const { added, removed } = diffOfStep(path, step);
            await emitChange(context, { path, change, call_id, added, removed });
            lines.push(`${change} ${path} (+${added} −${removed})`);
          }
          return lines.join("\n");
        });
      },
    },
    room.outputBytes,
  );
}

/** Works everything out before anything is written; a patch that does not fit changes nothing. */
async function plan(sections: readonly FilePatch[], enter: (path: string) => Promise<string>): Promise<Step[]> {
  const steps: Step[] = [];
  for (const section of sections) {
    const { path } = section;
    const real = await enter(path);
    const before = await load(real, path);
    if (section.kind === "add") {
      if (before) throw new ToolError("patch_failed", `${path}: it exists already`);
      steps.push({ path, real, after: { bytes: Buffer.from(section.text), text: section.text } });
      continue;
    }
    if (!before) throw new ToolError("patch_failed", `${path}: it does not exist`);
    if (section.kind === "delete") {
      steps.push({ path, real, before });
      continue;
    }
    const text = applyHunks(before.file.text, section.hunks, path);
    const after = { bytes: Buffer.from(before.file.encode(text)), text, mode: before.mode };
    if (section.moveTo === undefined) {
      steps.push({ path, real, before, after });
      continue;
    }
    const target = await enter(section.moveTo);
    if (target !== real && (await load(target, section.moveTo)))
      throw new ToolError("patch_failed", `${section.moveTo}: it exists already`);
    if (target === real) steps.push({ path, real, before, after });
    else steps.push({ path: section.moveTo, real: target, after }, { path, real, before });
  }
  const twice = steps.find(({ real }, index) => steps.findIndex((other) => other.real === real) !== index);
  if (twice) throw new ToolError("patch_failed", `${twice.path}: it is changed in two sections`);
  return steps;
}

/** All or nothing: what was done before a failure is taken back. */
async function carryOut(steps: readonly Step[]): Promise<void> {
  const done: Step[] = [];
  try {
    for (const step of steps) {
      const { after, before, path, real } = step;
      if (after) {
        await makeFolderOf(real, path);
        await writeWhole(real, path, after.bytes, { ...(after.mode !== undefined && { mode: after.mode }), replace: before !== undefined });
      } else await removeFound(real, path);
      done.push(step);
    }
  } catch (error) {
    for (const { before, path, real } of done.toReversed()) {
      await (before ? writeWhole(real, path, before.bytes, { mode: before.mode, replace: true }) : removeFound(real, path)).catch(() => {});
    }
    throw new ToolError("patch_failed", toToolError(error, "the patch").message);
  }
}

async function load(real: string, path: string): Promise<Step["before"]> {
  try {
    const { bytes, mode } = await readFound(real, path, fileBytes);
    return { file: toTextFile(bytes, path), bytes, mode };
  } catch (error) {
    if (error instanceof ToolError && error.code === "not_found") return undefined;
    throw new ToolError("patch_failed", toToolError(error, path).message);
  }
}

function diffOfStep(path: string, { before, after }: Step) {
  return diffOf(path, before?.file.text, after?.text);
}
