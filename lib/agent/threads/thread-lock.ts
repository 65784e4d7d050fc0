import { AnodeError } from "../../errors.js";
import { type HeldFile, holdFile } from "../../node/index.js";

/**
 * Takes the lock file of a thread at `path`, creating it. The file stays, as its thread does.
 * @throws `session_busy`
 */
export function lockThread(path: string): HeldFile {
  const lock = holdFile(path);
  if (lock) return lock;
  throw new AnodeError("session_busy", "The thread has an active run.");
}
