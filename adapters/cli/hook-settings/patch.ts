import { createTwoFilesPatch } from "diff";

/** A change of a file, as a person reads it. */
export function patchOf(path: string, before = "", after = ""): string {
  return createTwoFilesPatch(path, path, before, after, undefined, undefined, { context: 3 });
}
