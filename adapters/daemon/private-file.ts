import { closeSync, fchmodSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

let counter = 0;

/**
 * Puts a file of mode 0600 at `path` in one step, replacing what is there: readers see the old text or the new one. What
 * would be missed after a loss of power is `durable`: it is there when this returns.
 */
export function replaceFile(path: string, text: string, kept: "durable" | "volatile" = "volatile"): void {
  const temporary = writeTemporary(path, text, kept);
  try {
    renameSync(temporary, path);
    if (kept === "durable") syncFolder(path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Puts a durable file of mode 0600 at `path` if nothing is there, in one step; false when something was. */
export function createFile(path: string, text: string): boolean {
  const temporary = writeTemporary(path, text, "durable");
  try {
    linkSync(temporary, path);
    syncFolder(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeTemporary(path: string, text: string, kept: "durable" | "volatile"): string {
  const temporary = `${path}.${process.pid}.${(counter += 1)}.tmp`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx", 0o600);
  try {
    // The umask may have taken our own rights away.
    fchmodSync(file, 0o600);
    writeSync(file, text);
    if (kept === "durable") fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}

/** Makes a name as durable as what it names: it stands in the folder above. */
export function syncFolder(path: string): void {
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
