import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { AnodeError } from "../../errors.js";
import type { ListQuery, StoreUsage, StreamPage } from "../../store/store.js";
import { freeBytes, probeWrite } from "./file-system.js";
import { RecordTable } from "./record-table.js";
import { SegmentTable } from "./segment-table.js";
import { toStoreError } from "./sqlite-errors.js";
import type { EncodedBatch, OpenRequest, RecordRow, RecordRows, SqliteSettings } from "./sqlite-protocol.js";
import { openDatabase } from "./sqlite-schema.js";
import { prepareRows } from "./statements.js";

/** What became of one batch of a group: undefined = committed. */
export type Outcome = AnodeError | undefined;

const vacuumPages = 256;
/** Room made in the log ahead of the writes: a burst of some ten thousand events. */
const logBytes = 16 * 1024 * 1024;
/** The disk must have so many times the room free. */
const sparedTimes = 32;

/**
 * The store file, synchronous. A method that throws `store_failed` is the last one: what SQLite or the kernel did with
 * the pages is unknown from then on, and nobody may go on as if it were known.
 */
export class SqliteDatabase {
  readonly settings: SqliteSettings;
  readonly #db: DatabaseSync;
  readonly #options: OpenRequest;
  readonly #segments: SegmentTable;
  readonly #records: RecordTable;
  readonly #transaction: ReturnType<typeof prepareTransaction>;
  readonly #pages: ReturnType<typeof prepareRows>;
  #isFull = false;
  #isDirty = false;
  #hasRoom = false;

  /** @throws `store_unsafe_version`, `store_failed`, `storage_full` */
  constructor(options: OpenRequest) {
    this.#options = options;
    const parts = this.#guard(() => openParts(options));
    this.#db = parts.db;
    this.settings = parts.settings;
    this.#segments = parts.segments;
    this.#records = parts.records;
    this.#transaction = parts.transaction;
    this.#pages = parts.pages;
  }

  /**
   * Applies the batches in order in one transaction. Each has its own outcome: when one of them is stale, or the space does not
   * suffice for all, each is tried alone. So none needs a savepoint, for which SQLite copies each page before it is changed, and above
   * 64 KB makes a file.
   * @throws `store_failed`
   */
  commit(batches: readonly EncodedBatch[]): Outcome[] {
    try {
      this.#transact(batches);
      this.#isFull = false;
      this.#isDirty = true;
      return batches.map(() => undefined);
    } catch (error) {
      this.#rollback();
      const failure = this.#toStoreError(error);
      if (failure.code === "store_failed") throw failure;
      if (failure.code === "storage_full") this.#isFull = true;
      return batches.length === 1 ? [failure] : batches.flatMap((batch) => this.commit([batch]));
    }
  }

  read(stream: string, after: number, limitBytes: number): StreamPage {
    return this.#guard(() => this.#segments.read(stream, after, limitBytes));
  }

  get(collection: string, id: string): RecordRow | undefined {
    return this.#guard(() => this.#records.get(collection, id));
  }

  list(collection: string, query: ListQuery): RecordRows {
    return this.#guard(() => this.#records.list(collection, query));
  }

  count(collection: string, field: string): readonly (readonly [text: string, count: number])[] {
    return this.#guard(() => this.#records.count(collection, field));
  }

  /** Bytes in use: pages that are free inside the file do not count, they are filled first. */
  usage(): StoreUsage {
    const [count, size] = this.#guard(() => this.#pages())[0] as [number, number];
    return { kind: "sqlite", bytes: count * size, limitBytes: this.#options.storeBytes };
  }

  /** What SQLite finds wrong with the file; nothing when it is whole. Reads all of it. */
  check(): readonly string[] {
    try {
      const rows = this.#db.prepare("PRAGMA integrity_check").all();
      return rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== "ok");
    } catch (error) {
      // Damage that the check itself stumbles over.
      return [this.#toStoreError(error).message];
    }
  }

  /**
   * One step of the work for idle times: moves the log into the file, gives free pages back, makes room in the log.
   * @returns true when there is more to do
   * @throws `store_failed`
   */
  tidy(): boolean {
    if (!this.#isDirty && this.#hasRoom) return false;
    try {
      const isVacuumed = this.#vacuum();
      this.#db.prepare("PRAGMA wal_checkpoint(PASSIVE)").all();
      this.#isDirty = !isVacuumed;
    } catch (error) {
      this.#giveUp(error);
      // Everything is safe in the log; the next commit says what is the matter.
      this.#isDirty = false;
    }
    try {
      if (!this.#hasRoom) this.#makeRoom();
    } catch (error) {
      // The bound of the store leaves no place for it, or the disk: then it works without.
      this.#giveUp(error);
    }
    return this.#isDirty;
  }

  /** Lack of space is no failure of idle work. @throws `store_failed` for anything else */
  #giveUp(error: unknown): void {
    this.#rollback();
    const failure = this.#toStoreError(error);
    if (failure.code !== "storage_full") throw failure;
  }

  close(): void {
    this.#db.close();
  }

  #transact(batches: readonly EncodedBatch[]): void {
    this.#transaction.begin.run();
    if (this.#isFull && batches.every(isEmpty)) this.#probeSpace();
    for (const batch of batches) this.#apply(batch);
    this.#transaction.commit.run();
  }

  /** After a full disk a batch that writes nothing must not pass for a sign of space. */
  #probeSpace(): void {
    this.#transaction.probe.run();
    this.#transaction.unprobe.run();
  }

  #apply({ appends, puts, deletes, drops, trims }: EncodedBatch): void {
    for (const append of appends) this.#segments.append(append);
    for (const put of puts) this.#records.put(put);
    for (const entry of deletes) this.#records.delete(entry);
    for (const stream of drops) this.#segments.drop(stream);
    for (const trim of trims) this.#segments.trim(trim);
  }

  #rollback(): void {
    this.#segments.forget();
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has already rolled back by itself.
    }
  }

  #vacuum(): boolean {
    const [free] = Object.values(this.#db.prepare("PRAGMA freelist_count").get() ?? {});
    if (free === 0) return true;
    this.#db.exec(`PRAGMA incremental_vacuum(${vacuumPages})`);
    return Number(free) <= vacuumPages;
  }

  /**
   * Lengthens the log without writing to the store: pages that do not fit a small cache go to the log, and the rollback leaves
   * its length. A flush of bytes that are overwritten takes half the time of one that also makes the file longer.
   */
  #makeRoom(): void {
    // Tried once: where it cannot be had, the store works without.
    this.#hasRoom = true;
    if (freeBytes(dirname(this.#options.path)) < logBytes * sparedTimes) return;
    const [cachePages] = Object.values(this.#db.prepare("PRAGMA cache_size").get() ?? {});
    this.#db.exec("PRAGMA cache_size=16");
    try {
      this.#transaction.begin.run();
      this.#db.prepare("INSERT INTO space_probe VALUES (zeroblob(?))").run(logBytes);
      this.#db.exec("ROLLBACK");
    } finally {
      this.#db.exec(`PRAGMA cache_size=${Number(cachePages)}`);
    }
    // The next flush takes all that was written above: this one, for which nobody waits.
    this.#transaction.begin.run();
    this.#probeSpace();
    this.#transaction.commit.run();
  }

  #guard<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      throw this.#toStoreError(error);
    }
  }

  #toStoreError(error: unknown): AnodeError {
    return toStoreError(error, () => probeWrite(dirname(this.#options.path)));
  }
}

function openParts(options: OpenRequest) {
  const { db, settings } = openDatabase(options.path, options);
  try {
    const segments = new SegmentTable(db, options);
    const records = new RecordTable(db);
    return { db, settings, segments, records, transaction: prepareTransaction(db), pages: preparePages(db) };
  } catch (error) {
    // A damaged schema may show only where a statement is made.
    db.close();
    throw error;
  }
}

function prepareTransaction(db: DatabaseSync) {
  return {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    probe: db.prepare("INSERT INTO space_probe VALUES (zeroblob(65536))"),
    unprobe: db.prepare("DELETE FROM space_probe"),
  };
}

function preparePages(db: DatabaseSync): ReturnType<typeof prepareRows> {
  return prepareRows(db, "SELECT page_count - freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size");
}

function isEmpty({ appends, puts, deletes, drops, trims }: EncodedBatch): boolean {
  return appends.length + puts.length + deletes.length + drops.length + trims.length === 0;
}
