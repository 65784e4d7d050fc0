import { DatabaseSync } from "node:sqlite";
import { AnodeError } from "../../errors.js";

/** A lock of this process that the kernel frees however the process ends. */
export interface ThreadLock {
  /** Idempotent. The file stays: removing it would let two owners lock two files of one name. */
  release(): void;
}

/**
 * Takes the lock file at `path`, creating it. Node has no file locks of its own, but an open transaction of SQLite is one.
 * @throws `session_busy`
 */
export function lockThread(path: string): ThreadLock {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA busy_timeout=0; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new AnodeError("session_busy", "The thread has an active run.", { cause: error });
  }
  let isHeld = true;
  return {
    release() {
      if (!isHeld) return;
      isHeld = false;
      db.close();
    },
  };
}
