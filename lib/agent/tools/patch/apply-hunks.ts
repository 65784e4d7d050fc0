import { ToolError } from "../tool-error.js";
import type { Hunk } from "./parse-patch.js";

/** How alike two lines must be; tried from strict to loose, since models are careless with blanks. */
const likenesses: readonly ((line: string) => string)[] = [(line) => line, (line) => line.trimEnd(), (line) => line.trim()];

/** The text with all hunks applied, in order. @throws ToolError `patch_failed` naming the file and the hunk */
export function applyHunks(text: string, hunks: readonly Hunk[], path: string): string {
  const endsWithLine = text === "" || text.endsWith("\n");
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const out: string[] = [];
  let at = 0;
  for (const [index, hunk] of hunks.entries()) {
    const fail = (why: string): never => {
      throw new ToolError("patch_failed", `${path}, hunk ${index + 1}: ${why}`);
    };
    let from = at;
    for (const anchor of hunk.anchors) {
      const found = find(lines, [anchor], from);
      if (found < 0) fail(`the line ${JSON.stringify(anchor.slice(0, 100))} is not found`);
      from = found + 1;
    }
    const before = hunk.lines.flatMap(({ sign, text: line }) => (sign === "+" ? [] : [line]));
    const place = placeOf(lines, hunk, before, from);
    if (place < 0) fail(`these lines are not found: ${JSON.stringify(before.join("\n").slice(0, 300))}`);
    out.push(...lines.slice(at, place));
    at = place;
    for (const { sign, text: line } of hunk.lines) {
      // A kept line stays as the file has it, however loosely it was matched.
      if (sign === "+") out.push(line);
      else if (sign === " ") out.push(lines[at] ?? "");
      if (sign !== "+") at += 1;
    }
  }
  out.push(...lines.slice(at));
  return out.length === 0 ? "" : out.join("\n") + (endsWithLine ? "\n" : "");
}

function placeOf(lines: readonly string[], { anchors, isAtEnd }: Hunk, before: readonly string[], from: number): number {
  if (before.length === 0) {
    // Lines that are only added stand after their anchor, else at the end.
    return isAtEnd || anchors.length === 0 ? lines.length : from;
  }
  if (isAtEnd) {
    const place = lines.length - before.length;
    return place >= from && likenesses.some((like) => fits(lines, before, place, like)) ? place : -1;
  }
  return find(lines, before, from);
}

function find(lines: readonly string[], wanted: readonly string[], from: number): number {
  for (const like of likenesses) {
    for (let place = from; place + wanted.length <= lines.length; place += 1) {
      if (fits(lines, wanted, place, like)) return place;
    }
  }
  return -1;
}

function fits(lines: readonly string[], wanted: readonly string[], place: number, like: (line: string) => string): boolean {
  return wanted.every((line, index) => like(lines[place + index] ?? "\0") === like(line));
}
