import { createTwoFilesPatch } from "diff";
import type { RunContext } from "../../runs/executor.js";

/** One file's change, as a person reads it and as the event tells it. */
export interface FileDiff {
  readonly patch: string;
  readonly added: number;
  readonly removed: number;
}

/** What a file's change is; beyond the time a diff may take, only that it changed. */
export function diffOf(path: string, before: string | undefined, after: string | undefined): FileDiff {
  const patch =
    createTwoFilesPatch(
      before === undefined ? "/dev/null" : `a/${path}`,
      after === undefined ? "/dev/null" : `b/${path}`,
      before ?? "",
      after ?? "",
      "",
      "",
      {
        context: 3,
        headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
        timeout: 2_000,
      },
    ) ?? `--- a/${path}\n+++ b/${path}\n(the change is too large to be shown)\n`;
  let added = 0;
  let removed = 0;
  for (const line of patch.split("\n").slice(2)) {
    if (line.startsWith("+")) added += 1;
    else if (line.startsWith("-")) removed += 1;
  }
  return { patch, added, removed };
}

/** A change that was made. */
export interface FileChange {
  readonly path: string;
  readonly change: "created" | "modified" | "deleted";
  readonly call_id: string;
  readonly added: number;
  readonly removed: number;
}

/** Tells the run's readers of a change; the call itself does not wait for the commit. */
export async function emitChange(context: RunContext, change: FileChange): Promise<void> {
  await context.emit("file.changed", change);
}
