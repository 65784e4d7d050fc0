import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { StreamEvent } from "../../../lib/events/event.js";
import { resolveLimits } from "../../../lib/limits.js";
import { SqliteDatabase } from "../../../lib/node/sqlite/sqlite-database.js";
import { acquireLock } from "../../../lib/node/sqlite/store-lock.js";
import { eventsOf } from "../../../lib/testing/store-subject.js";
import { progress, streamOf, type Workload } from "./store-workload.js";

/** What is known of a store that was left in the middle of its work. */
export interface Expectation {
  /** The sequence that was written, at an operation that is surely stored; left at the one that was found. */
  readonly workload: Workload;
  /** The last operation that was acknowledged. */
  readonly acknowledged: number;
  /** The last one that may have been asked for. */
  readonly issued: number;
}

/**
 * Opens what a crash left and says what is wrong with it: acknowledged operations are there, those that were never
 * asked for are not, the content is that of one operation whole, and the file is sound and free.
 */
export function verifyStore(path: string, expected: Expectation): string[] {
  if (!existsSync(path)) return expected.acknowledged === 0 ? [] : ["the file is gone"];
  try {
    return [...verifyLock(path), ...verifyContent(path, expected), ...verifyFile(path)];
  } catch (error) {
    return [`it does not open: ${String(error)}`];
  }
}

/** Opens a store file in this thread, as its worker does. */
export function openDatabase(path: string): SqliteDatabase {
  const { streamEvents, streamBytes, storeBytes, commitOperations, commitBytes } = resolveLimits();
  return new SqliteDatabase({ path, durability: "full", streamEvents, streamBytes, storeBytes, commitOperations, commitBytes });
}

/** What is wrong with a store file whose content is not known: it is free, whole, opens in the right modes, and stays what it is. */
export function verifySound(path: string): string[] {
  const violations = verifyLock(path);
  const database = openDatabase(path);
  try {
    violations.push(...verifyModes(database));
  } finally {
    database.close();
  }
  return [...violations, ...verifyFile(path)];
}

function verifyModes(database: SqliteDatabase): string[] {
  const { journal_mode, synchronous } = database.settings;
  const [damage] = database.check();
  return [
    ...(journal_mode === "wal" && synchronous === 2 ? [] : [`the modes are ${journal_mode}, ${synchronous}`]),
    ...(damage === undefined ? [] : [`integrity_check: ${damage}`]),
  ];
}

function verifyLock(path: string): string[] {
  acquireLock(`${path}.lock`).release();
  return [];
}

function verifyContent(path: string, { workload, acknowledged, issued }: Expectation): string[] {
  const database = openDatabase(path);
  try {
    const unsound = verifyModes(database);
    if (unsound.length > 0) return unsound;
    const op = recordOf(database, progress.collection, progress.id)?.["op"] ?? 0;
    if (Number(op) < acknowledged) return [`operation ${acknowledged} was acknowledged, the store has come to ${String(op)}`];
    if (Number(op) > issued) return [`operation ${String(op)} was never asked for, ${issued} is the last one`];
    workload.advanceTo(Number(op));
    return [...workload.runs.flatMap((run) => compareRun(database, run)), ...workload.pruned.flatMap((id) => remainsOf(database, id))];
  } finally {
    database.close();
  }
}

function compareRun(database: SqliteDatabase, { id, events, record, revision }: Workload["runs"][number]): string[] {
  const found = eventsOfRun(database, id);
  const violations: string[] = [];
  if (found.some(({ seq }, index) => seq !== index + 1)) violations.push(`${id}: its events are not 1 to n`);
  if (JSON.stringify(found) !== JSON.stringify(events)) {
    violations.push(`${id}: ${found.length} events are stored, not the ${events.length} that were written`);
  }
  const row = database.get("runs", id);
  const stored = row?.[3] === undefined ? undefined : JSON.stringify(JSON.parse(row[3]));
  if (stored !== JSON.stringify(record) || row?.[2] !== revision) violations.push(`${id}: its record is not that of its events`);
  const ends = found.filter(({ status }) => status === "completed").length;
  const isEnded = (record as { status: string }).status === "completed";
  if (ends !== (isEnded ? 1 : 0)) violations.push(`${id}: it has ${ends} terminal events`);
  return violations;
}

function remainsOf(database: SqliteDatabase, id: string): string[] {
  const isLeft = database.get("runs", id) !== undefined || database.read(streamOf(id), 0, 1).toSeq > 0;
  return isLeft ? [`${id}: something of it is left after it was pruned`] : [];
}

function eventsOfRun(database: SqliteDatabase, id: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (;;) {
    const page = database.read(streamOf(id), events.length, 1 << 20);
    if (page.toSeq === 0) return events;
    events.push(...eventsOf(page));
  }
}

function recordOf(database: SqliteDatabase, collection: string, id: string): Record<string, unknown> | undefined {
  const row = database.get(collection, id);
  return row && (JSON.parse(row[3]) as Record<string, unknown>);
}

/** The log can be moved into the file, and the content stays what it was. */
function verifyFile(path: string): string[] {
  const db = new DatabaseSync(path);
  try {
    const hashes = [1, 2].map(() => {
      const result = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
      return result?.["busy"] === 0 ? hashOf(db) : "busy";
    });
    if (hashes.includes("busy")) return ["wal_checkpoint: busy"];
    return hashes[0] === hashes[1] ? [] : ["the content changed over a checkpoint"];
  } finally {
    db.close();
  }
}

function hashOf(db: DatabaseSync): string {
  const hash = createHash("sha256");
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  for (const { name } of tables) {
    for (const row of db.prepare(`SELECT * FROM ${String(name)}`).iterate()) {
      for (const value of Object.values(row)) hash.update(value instanceof Uint8Array ? value : `${String(value)}\n`);
    }
  }
  return hash.digest("hex");
}
