import { isDead } from "../process/identity.js";
import { systemReader } from "../process/process-reader.js";
import { DatabaseSync } from "node:sqlite";
import { AnodeError } from "../../errors.js";
import { ensureLocalFile } from "./file-system.js";
import { isBusy } from "./sqlite-errors.js";

/** A lock that this process holds until it releases it or dies. */
export interface Lock {
  readonly path: string;
  /** Names this holding of the lock and no other. */
  readonly token: string;
  /** Idempotent. The file stays: removing it would let two owners lock two files of one name. */
  release(): void;
}

const settleMs = 25;
const attempts = 40;

/**
 * Takes the lock file at `path`, creating it: a SQLite file whose write transaction stays open as long as the lock is
 * held, and whose one row names the owner. The kernel frees it whatever way the process dies. Call it on the main
 * thread, and let nothing else in the process open the file.
 * @throws `store_failed` with `details.reason` `locked` (and `details.owner_pid`), `unsafe_path` or `network_file_system`
 */
export function acquireLock(path: string): Lock {
  ensureLocalFile(path);
  const db = new DatabaseSync(path);
  let token: string;
  try {
    token = hold(db, path);
  } catch (error) {
    db.close();
    throw error;
  }
  let isHeld = true;
  return {
    path,
    token,
    release() {
      if (!isHeld) return;
      isHeld = false;
      db.exec("ROLLBACK");
      db.close();
    },
  };
}

/**
 * The row must be committed to be readable, so the lock is let go for a moment; whoever slips in there becomes the
 * owner. So a refusal is believed when the same live owner is found twice: others are only passing through.
 */
function hold(db: DatabaseSync, path: string): string {
  const token = newToken();
  let owner: Owner | undefined;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (isTaken(db, token)) return token;
    const found = ownerOf(db);
    if (found && found.token === owner?.token && found.token !== token && isAlive(found.pid)) break;
    owner = found;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, settleMs);
  }
  const name = owner ? `process ${owner.pid}` : "another process";
  throw new AnodeError("store_failed", `${path} must be free, it is held by ${name}.`, {
    details: { reason: "locked", ...(owner && { owner_pid: owner.pid }) },
  });
}

/** SQLite is there already, and as good a source as Node's, whose loading takes longer than a lock. The file itself may be busy. */
function newToken(): string {
  const db = new DatabaseSync(":memory:");
  const { token } = db.prepare("SELECT lower(hex(randomblob(16))) AS token").get() as Pick<Owner, "token">;
  db.close();
  return token;
}

function isTaken(db: DatabaseSync, token: string): boolean {
  try {
    db.exec("PRAGMA busy_timeout=0; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0");
    db.exec("CREATE TABLE IF NOT EXISTS owner (pid INTEGER NOT NULL, token TEXT NOT NULL)");
    // After a power cut nobody owns anything, so the row stays in the log unsynced. Only a close moves the log into the file.
    db.exec("PRAGMA synchronous=OFF; BEGIN IMMEDIATE; DELETE FROM owner");
    db.prepare("INSERT INTO owner VALUES (?, ?)").run(process.pid, token);
    db.exec("COMMIT; PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

/** Nobody is named while the very first opener is still making the file. */
function ownerOf(db: DatabaseSync): Owner | undefined {
  try {
    // Whoever was refused on the way may be the last one to close.
    db.exec("PRAGMA synchronous=NORMAL");
    return db.prepare("SELECT pid, token FROM owner").get() as Owner | undefined;
  } catch {
    return undefined;
  }
}

interface Owner {
  readonly pid: number;
  readonly token: string;
}

function isAlive(pid: number): boolean {
  const info = systemReader().read(pid);
  return info !== undefined && !isDead(info);
}
