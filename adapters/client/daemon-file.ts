import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { isLive } from "./live-process.js";

/** What a running daemon tells of itself in `<home>/daemon.json`. */
export interface DaemonFile {
  readonly schema: 1;
  readonly instance: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly start_ticks: number;
  readonly boot_id: string;
  readonly version: string;
  /** `http://host:port`; absent without TCP. */
  readonly url?: string;
  /** Path of the Unix socket; absent without one. */
  readonly socket?: string;
  readonly token_file?: string;
  readonly log_file?: string;
  readonly started_at: string;
}

const largestFile = 64 * 1024;

/**
 * The daemon that a file tells of; `undefined` unless the file is our own and the very process that wrote it is alive.
 * A file that tells of a dead one is left where it is.
 */
export async function readDaemonFile(path: string): Promise<DaemonFile | undefined> {
  const text = readOwn(path);
  const file = text === undefined ? undefined : parse(text);
  return file && (await isLive(file)) ? file : undefined;
}

/** A small file that its daemon has just written: a thread to read it in would take longer than the read. */
function readOwn(path: string): string | undefined {
  const file = opened(path);
  if (file === undefined) return undefined;
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || stats.size > largestFile) return undefined;
    // Others could lead us to a daemon of theirs.
    const isOurs = process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o022) === 0);
    return isOurs ? readFileSync(file, "utf8") : undefined;
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number | undefined {
  try {
    // Not to hang on a pipe that lies there.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function parse(text: string): DaemonFile | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    if (typeof value !== "object" || value === null || value["schema"] !== 1) return undefined;
    const { url, socket, token_file, log_file, ...rest } = value;
    const isText = ["instance", "boot_id", "version", "started_at"].every((name) => typeof rest[name] === "string");
    if (!isText || !Number.isSafeInteger(rest["pid"]) || !Number.isSafeInteger(rest["start_ticks"])) return undefined;
    const texts = Object.entries({ url, socket, token_file, log_file }).filter(([, item]) => typeof item === "string");
    return { ...rest, ...Object.fromEntries(texts) } as unknown as DaemonFile;
  } catch {
    return undefined;
  }
}
