import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { applicationId, migrations } from "../../../lib/node/index.js";
import { homeOf } from "../../daemon/index.js";
import { type Check, fail, type Finding, ok, skip, warn } from "./finding.js";

/** The lock and the store file of the home folder. */
export const storeChecks: readonly Check[] = [
  {
    name: "lock",
    find({ env, daemon }) {
      const { lock } = homeOf(env);
      if (!existsSync(lock)) return skip("not made yet");
      const { owner, isHeld } = readLock(lock);
      if (owner === undefined && isHeld) return warn("held by a process that is just starting");
      if (owner === undefined) return ok("free: the start that made it came no further, for want of space perhaps");
      if (!isHeld) return daemon ? warn("free, although a daemon answers: it has another home folder") : ok("free");
      if (!daemon) return warn(`held by process ${String(owner)}, which does not answer`);
      return daemon["pid"] === owner
        ? ok(`held by the daemon, process ${String(owner)}`)
        : warn(`held by process ${String(owner)}, and process ${String(daemon["pid"])} answers`);
    },
  },
  {
    name: "store",
    find({ env, isDeep }) {
      const { store } = homeOf(env);
      if (!existsSync(store)) return skip("not made yet");
      return reading(store, (db) => judgeStore(db, isDeep));
    },
  },
];

function judgeStore(db: DatabaseSync, isDeep: boolean): Finding {
  const pragma = (name: string): unknown[] =>
    db
      .prepare(`PRAGMA ${name}`)
      .all()
      .map((row) => Object.values(row)[0]);
  if (isEmpty(db)) return skip("empty: no start has come so far as to write it");
  const [application] = pragma("application_id");
  const [version] = pragma("user_version");
  if (application !== applicationId) return fail("the file is not a store of ours");
  if (Number(version) > migrations.length)
    return fail(`version ${String(version)} is newer than this program, which knows ${migrations.length}`);
  const complaints = isDeep ? pragma("integrity_check").filter((line) => line !== "ok") : [];
  if (complaints.length > 0) return fail(`the file is damaged: ${complaints.slice(0, 3).join("; ")}`);
  return ok(`version ${String(version)}${isDeep ? ", every page read" : ""}`);
}

/** What a start leaves that has made the file and could write nothing into it. */
function isEmpty(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
}

/** Whoever holds the lock has a write transaction open: another one does not begin. */
function readLock(path: string): { owner: unknown; isHeld: boolean } {
  const db = new DatabaseSync(path);
  try {
    const owner = isEmpty(db) ? undefined : db.prepare("SELECT pid FROM owner").get()?.["pid"];
    return { owner, isHeld: !canWrite(db) };
  } finally {
    db.close();
  }
}

function canWrite(db: DatabaseSync): boolean {
  try {
    db.exec("PRAGMA busy_timeout=0; BEGIN IMMEDIATE; ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

function reading<Value>(path: string, read: (db: DatabaseSync) => Value): Value {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
