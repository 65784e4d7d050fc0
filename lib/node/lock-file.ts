import { rmSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { isBusy } from "./sqlite/sqlite-errors.js";

/** A file that this process holds until it lets go of it or dies. */
export interface HeldFile {
  /** Idempotent. */
  release(): void;
}

/** How a file is held. */
export interface HoldOptions {
  /** Removes the file with the release. @defaultValue false, it stays */
  readonly isPassing?: boolean;
}

/**
 * Takes the lock file at `path`, creating it; answers `undefined` when somebody has it, here or in another process. Node
 * has no file locks of its own, but an open transaction of SQLite is one, and the kernel frees it however a process dies.
 */
export function holdFile(path: string, { isPassing = false }: HoldOptions = {}): HeldFile | undefined {
  if (!isPassing) {
    const db = locked(path);
    return db && releasedOnce(() => db.close());
  }
  for (;;) {
    const known = identityOf(path);
    // The one before may have removed what is opened here: then it is no lock, for the next one makes another file.
    const isTheSame = (): boolean => known === identityOf(path);
    let db: DatabaseSync | undefined;
    try {
      db = locked(path);
    } catch (error) {
      if (isTheSame()) throw error;
      continue;
    }
    if (!db) return undefined;
    if (isTheSame()) return releasedOnce(() => (rmSync(path, { force: true }), db.close()));
    db.close();
  }
}

function releasedOnce(release: () => void): HeldFile {
  let isHeld = true;
  return {
    release() {
      if (isHeld) release();
      isHeld = false;
    },
  };
}

/** What tells the file from one that takes its place and its number. It is made when it is not there. */
function identityOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found) return `${found.ino} ${found.birthtimeNs}`;
  writeFileSync(path, "", { flag: "a", mode: 0o600 });
  return identityOf(path);
}

function locked(path: string): DatabaseSync | undefined {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA busy_timeout=0; BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}
