import { closeSync, fchmodSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

let counter = 0;

/** Puts a file of mode 0600 at `path` in one step, replacing what is there: readers see the old text or the new one. */
export function replaceFile(path: string, text: string): void {
  const temporary = writeTemporary(path, text);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Puts a file of mode 0600 at `path` if nothing is there, in one step; false when something was. */
export function createFile(path: string, text: string): boolean {
  const temporary = writeTemporary(path, text);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeTemporary(path: string, text: string): string {
  const temporary = `${path}.${process.pid}.${(counter += 1)}.tmp`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx", 0o600);
  try {
    // The umask may have taken our own rights away.
    fchmodSync(file, 0o600);
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
  return temporary;
}
