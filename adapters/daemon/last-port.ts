import { readFileSync } from "node:fs";
import { replaceFile } from "../../lib/node/private-file.js";

/** The port of the start before, if it is known. */
export function lastPort(path: string): number | undefined {
  try {
    const port = Number(readFileSync(path, "utf8"));
    return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the port for the next start, so that what knows it goes on finding us. */
export function rememberPort(path: string, port: number): void {
  if (lastPort(path) !== port) replaceFile(path, String(port));
}
