import { closeSync, fchmodSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "../thrown.js";

// No two writers have one temporary name, and no generator of random bytes is loaded for it.
let written = 0;

/** How a file is put at its place. */
export interface ReplaceOptions {
  /** `durable`: what would be missed after a loss of power is there when the call returns. @defaultValue `volatile` */
  readonly kept?: "durable" | "volatile";
  /** @defaultValue 0600 */
  readonly mode?: number | undefined;
}

/** Puts a file at `path` in one step, replacing what is there: readers see the old text or the new one, and a disk without space the old. */
export function replaceFile(path: string, text: string, options: ReplaceOptions = {}): void {
  const temporary = writeTemporary(path, text, options);
  try {
    renameSync(temporary, path);
    if (options.kept === "durable") syncFolder(path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Puts a durable file of mode 0600 at `path` if nothing is there, in one step; false when something was, and nothing is made then. */
export function createFile(path: string, text: () => string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })) return false;
  const temporary = writeTemporary(path, text(), { kept: "durable" });
  try {
    linkSync(temporary, path);
    syncFolder(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeTemporary(path: string, text: string, { kept, mode = 0o600 }: ReplaceOptions): string {
  const temporary = `${path}.${process.pid}-${Date.now().toString(36)}-${(written += 1)}.tmp`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    // The whole text: a single write may take a part of it without an error.
    writeFileSync(file, text);
    // The umask may have taken our own rights away.
    fchmodSync(file, mode);
    if (kept === "durable") fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
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
