import { chmodSync, closeSync, fsyncSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { AnodeError } from "../../errors.js";

/**
 * Makes a folder of mode 0700 where nothing is, durable like what will lie in it, and checks one that is there. Without promises of files, which a start has no other use for.
 * @throws `store_failed` with the reason `unsafe_path`
 */
export function ensurePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
    // The umask may have taken our own rights away.
    chmodSync(path, 0o700);
    syncFolder(dirname(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw unsafe(`${path} must be a folder that can be made: ${code}.`, error);
  }
  const found = lstatSync(path);
  if (!found.isDirectory()) throw unsafe(`${path} must be a folder, and no link to one.`);
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) throw unsafe(`${path} must belong to user ${uid}, it belongs to ${found.uid}.`);
  const mode = found.mode & 0o777;
  if (uid !== undefined && mode !== 0o700) throw unsafe(`${path} must have mode 0700, it has 0${mode.toString(8).padStart(3, "0")}.`);
}

/** A name is as durable as the folder it is in. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function unsafe(sentence: string, cause?: unknown): AnodeError {
  return new AnodeError("store_failed", sentence, { cause, details: { reason: "unsafe_path" } });
}
