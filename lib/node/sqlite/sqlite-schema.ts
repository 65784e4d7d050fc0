import { DatabaseSync } from "node:sqlite";
import { AnodeError } from "../../errors.js";
import { isUnfinishedChange } from "./sqlite-errors.js";
import type { Durability, SqliteSettings } from "./sqlite-protocol.js";
import { assertSafeSqlite } from "./sqlite-version.js";

/** "anod": says whose file it is. */
export const applicationId = 0x616e_6f64;

/** One script a version, applied in order; a script that was released is never edited. */
export const migrations: readonly string[] = [
  `CREATE TABLE segments (
     rowid INTEGER PRIMARY KEY,
     stream TEXT NOT NULL,
     first_seq INTEGER NOT NULL,
     last_seq INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     crc INTEGER NOT NULL,
     body BLOB NOT NULL
   ) STRICT;
   -- Covers all but the body: heads, trims and the choice of what to read never touch it.
   CREATE UNIQUE INDEX segments_by_seq ON segments (stream, last_seq, first_seq, bytes);

   CREATE TABLE records (
     ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
     collection TEXT NOT NULL,
     id TEXT NOT NULL,
     revision INTEGER NOT NULL,
     crc INTEGER NOT NULL,
     json TEXT NOT NULL,
     UNIQUE (collection, id)
   ) STRICT;
   -- Every index ends in the ordinal, so each serves a cursor in its order.
   CREATE INDEX records_by_collection ON records (collection);
   CREATE INDEX records_by_status ON records (collection, json_extract(json, '$."status"')) WHERE json_extract(json, '$."status"') IS NOT NULL;
   CREATE INDEX records_by_run ON records (collection, json_extract(json, '$."run_id"')) WHERE json_extract(json, '$."run_id"') IS NOT NULL;
   CREATE INDEX records_by_parent ON records (collection, json_extract(json, '$."parent_id"')) WHERE json_extract(json, '$."parent_id"') IS NOT NULL;

   -- Written and emptied to find out whether there is space again.
   CREATE TABLE space_probe (body BLOB NOT NULL) STRICT;`,
];

/** Fields whose values the migrations index. */
export const indexedFields: readonly string[] = ["run_id", "parent_id", "status"];

const pageBytes = 4096;
const walPages = 16_000;
/** `auto_vacuum` that gives pages back when it is told to. */
const incremental = 2;

/** How a store file is opened. */
export interface SchemaOptions {
  readonly durability: Durability;
  readonly storeBytes: number;
  /** @defaultValue the released ones */
  readonly migrations?: readonly string[];
}

/**
 * Opens the store file, brings its schema up to date in one transaction and checks that every setting took effect.
 * @throws `store_unsafe_version`; `store_failed` with `details.reason` `newer`, `foreign` or `settings`
 */
export function openDatabase(path: string, options: SchemaOptions): { db: DatabaseSync; settings: SqliteSettings } {
  const scripts = options.migrations ?? migrations;
  refuseForeign(path, scripts.length);
  const db = new DatabaseSync(path);
  try {
    configure(db, options);
    migrate(db, scripts);
    return { db, settings: verify(db, options.durability, scripts.length) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Looks through a read-only connection, so that a file that is not for us stays as it is. Where the making of a file was
 * cut off, SQLite first has to undo what was begun, which it can do only where it may write.
 */
function refuseForeign(path: string, knownVersion: number): void {
  try {
    look(path, knownVersion, true);
  } catch (error) {
    if (!isUnfinishedChange(error)) throw error;
    look(path, knownVersion, false);
  }
}

function look(path: string, knownVersion: number, readOnly: boolean): void {
  const db = new DatabaseSync(path, { readOnly });
  try {
    assertSafeSqlite(String(valueOf(db, "SELECT sqlite_version()")));
    const owner = valueOf(db, "PRAGMA application_id");
    const version = Number(valueOf(db, "PRAGMA user_version"));
    const isEmpty = valueOf(db, "SELECT count(*) FROM sqlite_schema") === 0;
    if (owner !== applicationId && !(owner === 0 && isEmpty))
      throw refused("foreign", `${path} must be a store of anode-daemon, it belongs to another program.`);
    if (version > knownVersion) {
      throw refused(
        "newer",
        `${path} must have a store version of at most ${knownVersion}, it has ${version}: a newer anode-daemon wrote it.`,
      );
    }
  } finally {
    db.close();
  }
}

function configure(db: DatabaseSync, { durability, storeBytes }: SchemaOptions): void {
  // Set anew it would be written anew: a commit, and three flushes, of each start.
  const autoVacuum = valueOf(db, "PRAGMA auto_vacuum") === incremental ? "" : `PRAGMA auto_vacuum=${incremental};`;
  db.exec(`
    PRAGMA busy_timeout=5000;
    PRAGMA page_size=${pageBytes};
    ${autoVacuum}
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=${durability === "full" ? "FULL" : "NORMAL"};
    PRAGMA foreign_keys=ON;
    PRAGMA trusted_schema=OFF;
    PRAGMA wal_autocheckpoint=${walPages};
    PRAGMA journal_size_limit=${walPages * pageBytes};
    PRAGMA max_page_count=${Math.ceil(storeBytes / pageBytes)};
  `);
}

function migrate(db: DatabaseSync, scripts: readonly string[]): void {
  const version = Number(valueOf(db, "PRAGMA user_version"));
  if (version === scripts.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const script of scripts.slice(version)) db.exec(script);
    db.exec(`PRAGMA application_id=${applicationId}; PRAGMA user_version=${scripts.length}; COMMIT`);
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function verify(db: DatabaseSync, durability: Durability, version: number): SqliteSettings {
  const settings: SqliteSettings = {
    sqlite_version: String(valueOf(db, "SELECT sqlite_version()")),
    journal_mode: String(valueOf(db, "PRAGMA journal_mode")),
    synchronous: Number(valueOf(db, "PRAGMA synchronous")),
    busy_timeout: Number(valueOf(db, "PRAGMA busy_timeout")),
    auto_vacuum: Number(valueOf(db, "PRAGMA auto_vacuum")),
    foreign_keys: Number(valueOf(db, "PRAGMA foreign_keys")),
    trusted_schema: Number(valueOf(db, "PRAGMA trusted_schema")),
    application_id: Number(valueOf(db, "PRAGMA application_id")),
    user_version: Number(valueOf(db, "PRAGMA user_version")),
  };
  const expected: Partial<SqliteSettings> = {
    journal_mode: "wal",
    synchronous: durability === "full" ? 2 : 1,
    busy_timeout: 5000,
    auto_vacuum: incremental,
    foreign_keys: 1,
    trusted_schema: 0,
    application_id: applicationId,
    user_version: version,
  };
  for (const [name, value] of Object.entries(expected)) {
    const actual = settings[name as keyof SqliteSettings];
    if (actual !== value) throw refused("settings", `SQLite's ${name} must be ${value}, it is ${actual}.`);
  }
  return settings;
}

function valueOf(db: DatabaseSync, sql: string): unknown {
  return Object.values(db.prepare(sql).get() ?? {})[0];
}

function refused(reason: string, message: string): AnodeError {
  return new AnodeError("store_failed", message, { details: { reason } });
}
