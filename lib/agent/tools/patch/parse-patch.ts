import { ToolError } from "../tool-error.js";

/** A line of a hunk: kept, removed or added. */
export interface HunkLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** A place of a file that changes. */
export interface Hunk {
  /** Lines that stand somewhere above, each found after the one before it. */
  readonly anchors: readonly string[];
  readonly lines: readonly HunkLine[];
  /** True when its kept and removed lines stand at the end of the file. */
  readonly isAtEnd: boolean;
}

/** What becomes of one file. */
export type FilePatch =
  | { readonly kind: "add"; readonly path: string; readonly text: string }
  | { readonly kind: "delete"; readonly path: string }
  | { readonly kind: "update"; readonly path: string; readonly moveTo?: string; readonly hunks: readonly Hunk[] };

const header = /^\*\*\* (Add|Update|Delete) File: (.+)$/;
const move = /^\*\*\* Move to: (.+)$/;
const endOfFile = "*** End of File";

/** Takes a patch apart. @throws ToolError `patch_failed` naming the line */
export function parsePatch(patch: string): FilePatch[] {
  const lines = patch.trim().split(/\r?\n/);
  if (lines[0]?.trim() !== "*** Begin Patch") throw failed(1, "it must begin with *** Begin Patch");
  if (lines.at(-1)?.trim() !== "*** End Patch") throw failed(lines.length, "it must end with *** End Patch");
  const end = lines.length - 1;
  const files: FilePatch[] = [];
  for (let at = 1; at < end; ) {
    const match = header.exec((lines[at] ?? "").trimEnd());
    if (!match) throw failed(at + 1, "*** Add File, *** Update File or *** Delete File is expected");
    const [, kind, path = ""] = match;
    const bodyStart = at + 1;
    let next = bodyStart;
    while (next < end && !header.test((lines[next] ?? "").trimEnd())) next += 1;
    const body = lines.slice(bodyStart, next);
    if (kind === "Add") files.push({ kind: "add", path, text: addedText(body, bodyStart) });
    else if (kind === "Delete") {
      const extra = body.findIndex((line) => line.trim() !== "");
      if (extra >= 0) throw failed(bodyStart + extra + 1, "a deleted file has no lines");
      files.push({ kind: "delete", path });
    } else files.push(update(path, body, bodyStart));
    at = next;
  }
  if (files.length === 0) throw failed(1, "it changes no file");
  return files;
}

/** The files a patch names, also of one that is otherwise not to be parsed. */
export function pathsOfPatch(patch: string): string[] {
  const paths = patch.split(/\r?\n/).flatMap((line) => (header.exec(line.trimEnd())?.[2] ?? move.exec(line.trimEnd())?.[1]) || []);
  return [...new Set(paths)];
}

function addedText(body: readonly string[], start: number): string {
  return body
    .map((line, index) => {
      if (!line.startsWith("+")) throw failed(start + index + 1, "each line of a new file begins with +");
      return `${line.slice(1)}\n`;
    })
    .join("");
}

function update(path: string, body: readonly string[], start: number): FilePatch {
  const moveTo = move.exec((body[0] ?? "").trimEnd())?.[1];
  const hunks: Hunk[] = [];
  let anchors: string[] = [];
  let lines: HunkLine[] = [];
  const close = (isAtEnd: boolean): void => {
    if (lines.length > 0) hunks.push({ anchors, lines, isAtEnd });
    [anchors, lines] = [[], []];
  };
  for (const [index, line] of body.entries()) {
    if (index === 0 && moveTo !== undefined) continue;
    if (line.startsWith("@@")) {
      // Several in a row narrow the place down one by one.
      if (lines.length > 0) close(false);
      const anchor = line.slice(2).replace(/^ /, "");
      if (anchor.trim() !== "") anchors.push(anchor);
    } else if (line.trimEnd() === endOfFile) close(true);
    else if (line.startsWith("+") || line.startsWith("-")) lines.push({ sign: line.startsWith("+") ? "+" : "-", text: line.slice(1) });
    else if (line.startsWith(" ") || line === "") lines.push({ sign: " ", text: line.slice(1) });
    else throw failed(start + index + 1, "a line of a hunk begins with a blank, + or -");
  }
  close(false);
  if (hunks.length === 0 && moveTo === undefined) throw failed(start, `${path} is updated by nothing`);
  return { kind: "update", path, ...(moveTo !== undefined && { moveTo }), hunks };
}

function failed(line: number, why: string): ToolError {
  return new ToolError("patch_failed", `line ${line} of the patch: ${why}`);
}
