import { readFileSync, rmSync } from "node:fs";
import { complaintAbout } from "./private-path.js";
import { replaceFile } from "./private-file.js";

/** `daemon.json`: what clients need to find a daemon. Information only; the lock says who is the daemon. */
export interface Discovery {
  readonly schema: 1;
  readonly instance: string;
  readonly pid: number;
  readonly start_ticks: number;
  readonly boot_id: string;
  readonly version: string;
  readonly url?: string;
  readonly socket?: string;
  readonly token_file?: string;
  readonly log_file: string;
  readonly started_at: string;
}

/** Writes the file in one step. */
export function writeDiscovery(path: string, discovery: Discovery): void {
  replaceFile(path, `${JSON.stringify(discovery)}\n`);
}

/** Removes the file, if it still speaks of this instance. */
export function removeDiscovery(path: string, instance: string): void {
  if (readDiscovery(path)?.instance === instance) rmSync(path, { force: true });
}

/** What the file says; `undefined` when there is none that can be trusted to be ours. Whether that process lives is not looked at. */
export function readDiscovery(path: string): Discovery | undefined {
  if (complaintAbout(path, "file")) return undefined;
  try {
    const found = JSON.parse(readFileSync(path, "utf8")) as Discovery;
    const isWhole = found.schema === 1 && Number.isSafeInteger(found.pid) && Number.isSafeInteger(found.start_ticks) && typeof found.boot_id === "string";
    return isWhole ? found : undefined;
  } catch {
    return undefined;
  }
}
