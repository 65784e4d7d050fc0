import { mkdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../../../lib/node/private-file.js";
import { codeOf } from "../../../lib/thrown.js";

/** The text of a settings file; nothing when there is none. @throws Error with its name */
export function readSettings(path: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new Error(`${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

/** Replaces a settings file in one step, behind a link too; its rights stay. Without a text it is removed. */
export function writeSettings(path: string, text: string | undefined): void {
  if (text === undefined) return rmSync(path, { force: true });
  const real = realOf(path);
  const mode = modeOf(real);
  mkdirSync(dirname(real), { recursive: true, mode: 0o700 });
  replaceFile(real, text, { kept: "durable", mode });
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o7777;
  } catch {
    return undefined;
  }
}
