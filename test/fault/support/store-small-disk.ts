import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../support/sqlite.js";

/** A disk of its own at a folder, that can be filled up. */
export interface SmallDisk {
  fill(): void;
  free(): void;
  unmount(): void;
}

/** Puts a tmpfs of so many MiB at the folder, which must be there. */
export function mountSmallDisk(folder: string, sizeMiB: number): SmallDisk | undefined {
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=0700`, "tmpfs", folder]).status !== 0) return undefined;
  const filler = join(folder, "filler");
  return {
    fill: () => fillUp(filler),
    free: () => rmSync(filler, { force: true }),
    unmount: () => void spawnSync("umount", ["--lazy", folder]),
  };
}

/**
 * A folder in memory, too small for a store to make room in its log ahead of the writes: a store there is the same in a tenth of the
 * calls. Where no tmpfs can be mounted it is a folder as any other.
 */
export function smallFolder(): { readonly path: string; remove(): void } {
  const folder = temporaryFolder();
  const disk = mountSmallDisk(folder.path, 256);
  return {
    path: folder.path,
    remove() {
      disk?.unmount();
      folder.remove();
    },
  };
}

/** Whether a tmpfs can be mounted here. */
export const canMount = ((): boolean => {
  const folder = temporaryFolder();
  mkdirSync(folder.file("disk"));
  const disk = mountSmallDisk(folder.file("disk"), 1);
  disk?.unmount();
  folder.remove();
  return disk !== undefined;
})();

function fillUp(path: string): void {
  const file = openSync(path, "a", 0o600);
  try {
    for (const size of [65_536, 4_096]) {
      const piece = Buffer.alloc(size, 1);
      while (isWritten(file, piece));
    }
  } finally {
    closeSync(file);
  }
}

function isWritten(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
