import { closeSync, constants, fchmodSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { formatTime, type Log } from "../../lib/index.js";
import { codeOf } from "../../lib/thrown.js";
import { complaintAbout } from "./private-path.js";
import { StartRefused } from "./start-refused.js";

/** How much is logged: this level and those after it in `debug`, `info`, `warn`, `error`. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The log file of a daemon: one JSON object a line. */
export interface LogFile {
  readonly write: Log;
  /** Opens the file anew: somebody has moved it away. */
  reopen(): void;
  readonly bytes: number;
  close(): void;
}

/** Settings of {@link openLog}. */
export interface LogOptions {
  readonly path: string;
  /** @defaultValue "info" */
  readonly level?: LogLevel;
  /** Takes secrets out of a line. @defaultValue nothing is changed */
  readonly redact?: (line: string) => string;
  /** Size at which the file is put aside. @defaultValue 10 MiB */
  readonly limitBytes?: number;
  /** Files put aside that are kept: `<path>.1` is the newest. @defaultValue 3 */
  readonly keep?: number;
}

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/**
 * Opens the log file for appending, 0600.
 * @throws {@link StartRefused} 78 for a link or a file of somebody else
 */
export function openLog({ path, level = "info", redact = (line) => line, limitBytes = 10 * 1024 * 1024, keep = 3 }: LogOptions): LogFile {
  let file = openAppending(path);
  let bytes = fstatSync(file).size;

  function reopen(): void {
    const next = openAppending(path);
    closeSync(file);
    file = next;
    bytes = fstatSync(file).size;
  }

  function rotate(): void {
    for (let n = keep; n >= 1; n -= 1) moveIfThere(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`);
    reopen();
  }

  function append(line: string): void {
    if (bytes > 0 && bytes + line.length > limitBytes) rotate();
    bytes += writeSync(file, line);
  }

  return {
    write(lineLevel, event, data) {
      if (rank[lineLevel] < rank[level] || file < 0) return;
      try {
        append(`${redact(JSON.stringify({ time: formatTime(Date.now()), level: lineLevel, event, ...data }))}\n`);
      } catch {
        // A log that cannot be written (no space, its folder gone) must not stop what it tells of.
      }
    },
    reopen() {
      if (file >= 0) reopen();
    },
    get bytes() {
      return bytes;
    },
    close() {
      if (file >= 0) closeSync(file);
      file = -1;
    },
  };
}

function openAppending(path: string): number {
  let file: number;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    const complaint = complaintAbout(path, "file");
    const problem = complaint?.problem ?? `${path} must be writable: ${codeOf(error)}.`;
    throw new StartRefused(78, problem, { ...(complaint && { repair: complaint.repair }), cause: error });
  }
  const found = fstatSync(file);
  const complaint = found.isFile() && (found.mode & 0o077) === 0 ? undefined : complaintAbout(path, "file");
  if (!complaint) {
    fchmodSync(file, 0o600);
    return file;
  }
  closeSync(file);
  throw new StartRefused(78, complaint.problem, { repair: complaint.repair });
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
