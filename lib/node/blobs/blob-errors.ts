import { constants } from "node:os";
import { AnodeError } from "../../errors.js";

/** What a failed write means: `storage_full` where the system has no space for it, else the error itself. */
export function toBlobError(error: unknown): unknown {
  const { code, errno } = error as NodeJS.ErrnoException;
  // Node.js has no name for a quota that is used up.
  const isFull = code === "ENOSPC" || code === "EDQUOT" || (errno !== undefined && errno === -constants.errno.EDQUOT);
  if (!isFull) return error;
  return new AnodeError("storage_full", "The disk has no space left for this file; free some and try again.", { cause: error });
}
