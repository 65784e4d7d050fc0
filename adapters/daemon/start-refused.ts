import { constants } from "node:os";
import { entryOf, isAnodeError } from "../../lib/index.js";
import { messageOf } from "../../lib/thrown.js";

/** Exit status of a daemon that does not start: 2 wrong flags, 74 store, 75 somebody else is there, 78 refused surroundings. */
export type StartExit = 1 | 2 | 74 | 75 | 78;

/** Why the daemon does not start: one sentence, the exit status, and the command that repairs it where there is one. */
export class StartRefused extends Error {
  readonly exit: StartExit;
  readonly repair?: string;

  constructor(exit: StartExit, message: string, options: { readonly repair?: string; readonly cause?: unknown } = {}) {
    super(options.repair === undefined ? message : `${message} Repair it with: ${options.repair}`, { cause: options.cause });
    this.name = "StartRefused";
    this.exit = exit;
    if (options.repair !== undefined) this.repair = options.repair;
  }
}

const ofStore = new Set(["store_failed", "storage_full"]);

/**
 * The exit status an error of the start or of the running daemon means. The catalogue's is that of a command which was
 * answered so; a daemon that loses its store while it recovers ends as one that loses it later.
 */
export function exitOf(error: unknown): number {
  if (error instanceof StartRefused) return error.exit;
  if (!isAnodeError(error)) return isFailedCall(error) ? (ofDisk.has(-error.errno) ? 74 : 78) : 1;
  return ofStore.has(error.code) ? 74 : entryOf(error.code).exit;
}

const ofDisk = new Set([constants.errno.EIO, constants.errno.ENOSPC, constants.errno.EDQUOT]);

/** True for a call of the system that failed: a file of the home folder, a mount that is missing. */
function isFailedCall(error: unknown): error is NodeJS.ErrnoException & { readonly errno: number } {
  return error instanceof Error && "syscall" in error && "errno" in error && typeof error.errno === "number";
}

const otherOwner = new Set(["locked"]);
const wrongSurroundings = new Set(["newer", "foreign", "settings", "unsafe_path", "network_file_system"]);

/** The refusal that a store or a lock which does not open means; it names the file. */
export function refusedByStore(error: unknown, path: string): unknown {
  if (!isAnodeError(error)) {
    const reason = messageOf(error);
    return new StartRefused(74, `${path} cannot be opened: ${reason}. \`anode doctor\` says whether its disk has space.`, { cause: error });
  }
  if (error.code !== "store_failed") return error.code === "storage_full" ? new StartRefused(74, error.message, { cause: error }) : error;
  const reason = String(error.details?.["reason"]);
  const exit = otherOwner.has(reason) ? 75 : wrongSurroundings.has(reason) ? 78 : 74;
  return new StartRefused(exit, error.message.includes(path) ? error.message : `${path}: ${error.message}`, { cause: error });
}

/** A setting that came from the configuration and is refused by the part it is for. */
export function refusedSetting(error: unknown): unknown {
  return isAnodeError(error) && error.code === "invalid_request" ? new StartRefused(78, error.message, { cause: error }) : error;
}
