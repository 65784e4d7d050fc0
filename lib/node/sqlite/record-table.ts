import type { DatabaseSync } from "node:sqlite";
import { AnodeError } from "../../errors.js";
import { staleRevision } from "../../store/refusals.js";
import type { Delete, ListQuery } from "../../store/store.js";
import { recordCrc } from "./crc32.js";
import type { EncodedPut, RecordRow, RecordRows } from "./sqlite-protocol.js";
import { indexedFields } from "./sqlite-schema.js";
import { prepareRows, type Row } from "./statements.js";

const keptQueries = 64;

/** The records of a store, as JSON text with a checksum. Knows no transactions. */
export class RecordTable {
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #queries = new Map<string, ReturnType<typeof prepareRows>>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepareAll(db);
  }

  /** @throws `stale_commit` */
  put({ collection, id, json, expectedRevision }: EncodedPut): void {
    const revision = expectedRevision + 1;
    const crc = recordCrc(collection, id, revision, json);
    const { insert, update } = this.#statements;
    const { changes } =
      expectedRevision === 0 ? insert.run(collection, id, crc, json) : update.run(revision, crc, json, collection, id, expectedRevision);
    if (changes === 0) throw staleRevision(collection, id, expectedRevision, this.#revision(collection, id));
  }

  /** @throws `stale_commit` */
  delete({ collection, id, expectedRevision }: Delete): void {
    const revision = expectedRevision === undefined ? undefined : this.#revision(collection, id);
    if (expectedRevision !== undefined && revision !== expectedRevision)
      throw staleRevision(collection, id, expectedRevision, revision ?? 0);
    this.#statements.remove.run(collection, id);
  }

  /** @throws `internal` for a damaged record */
  get(collection: string, id: string): RecordRow | undefined {
    const row = this.#statements.get(collection, id)[0];
    return row && checked(collection, row);
  }

  /**
   * Walks the index of one of the asked fields, once for each of its values, and merges: each walk is in the order of
   * the ordinals, so a page costs what it holds, however many records there are.
   * @throws `invalid_request` for a field that is no plain name; `internal` for a damaged record
   */
  list(collection: string, { order = "desc", after, limit, where = {} }: ListQuery): RecordRows {
    const fields = Object.keys(where);
    const driver = indexedFields.find((field) => fields.includes(field));
    const filters = fields.filter((field) => field !== driver);
    const query = this.#listQuery(order, driver, filters);
    const beyond = after ?? (order === "asc" ? 0 : Number.MAX_SAFE_INTEGER);
    const filterValues = filters.map((field) => JSON.stringify(where[field]));
    const walks = driver === undefined ? [[]] : [...new Set(where[driver])].map((value) => [value]);
    const pages = walks.map((value) => query(collection, beyond, ...value, ...filterValues, limit) as Row[]);
    const rows = pages.length === 1 ? (pages[0] as Row[]) : pages.flat();
    if (walks.length > 1) rows.sort(order === "asc" ? (a, b) => ordinalOf(a) - ordinalOf(b) : (a, b) => ordinalOf(b) - ordinalOf(a));
    const more = rows.length > limit;
    if (more) rows.length = limit;
    return { rows: rows.map((row) => checked(collection, row)), more };
  }

  /** @throws `invalid_request` for a field that is no plain name */
  count(collection: string, field: string): readonly (readonly [text: string, count: number])[] {
    const text = fieldText(field);
    const sql = `SELECT ${text}, count(*) FROM records WHERE collection = ? AND ${text} IS NOT NULL GROUP BY ${text}`;
    const rows = this.#query(sql)(collection) as readonly (readonly [unknown, number])[];
    return rows.filter((row): row is readonly [string, number] => typeof row[0] === "string");
  }

  #listQuery(order: "asc" | "desc", driver: string | undefined, filters: readonly string[]): ReturnType<typeof prepareRows> {
    const conditions = [
      order === "asc" ? "ordinal > ?" : "ordinal < ?",
      ...(driver === undefined ? [] : [`${fieldText(driver)} = ?`]),
      // What is no JSON any more has no fields; asking it for one would fail as the file would.
      ...filters.map((field) => `CASE WHEN json_valid(json) THEN ${fieldText(field)} IN (SELECT value FROM json_each(?)) END`),
    ];
    // One more than the page, in a sum: of a parameter alone SQLite looks at the value when it plans, and plans anew for each call.
    const sql = `SELECT ordinal, id, revision, json, crc FROM records WHERE collection = ? AND ${conditions.join(" AND ")} ORDER BY ordinal ${order} LIMIT ? + 1`;
    return this.#query(sql);
  }

  #query(sql: string): ReturnType<typeof prepareRows> {
    const known = this.#queries.get(sql);
    if (known) return known;
    const prepared = prepareRows(this.#db, sql);
    if (this.#queries.size === keptQueries) this.#queries.clear();
    this.#queries.set(sql, prepared);
    return prepared;
  }

  #revision(collection: string, id: string): number {
    return Number(this.#statements.revision(collection, id)[0]?.[0] ?? 0);
  }
}

const plainName = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** SQL for the value of a top-level field; spelled as in the indexes, or they would not be used. */
function fieldText(field: string): string {
  if (!plainName.test(field)) {
    throw new AnodeError("invalid_request", `A field in where must be a plain name, got ${JSON.stringify(field)}.`);
  }
  return `json_extract(json, '$."${field}"')`;
}

function prepareAll(db: DatabaseSync) {
  return {
    insert: db.prepare("INSERT INTO records (collection, id, revision, crc, json) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING"),
    update: db.prepare("UPDATE records SET revision = ?, crc = ?, json = ? WHERE collection = ? AND id = ? AND revision = ?"),
    remove: db.prepare("DELETE FROM records WHERE collection = ? AND id = ?"),
    revision: prepareRows(db, "SELECT revision FROM records WHERE collection = ? AND id = ?"),
    get: prepareRows(db, "SELECT ordinal, id, revision, json, crc FROM records WHERE collection = ? AND id = ?"),
  };
}

function ordinalOf(row: Row): number {
  return Number(row[0]);
}

function checked(collection: string, row: Row): RecordRow {
  const [ordinal, id, revision, json, crc] = row as unknown as [number, string, number, string, number];
  // A bit of the file decides whether it is text or bytes, which have the same sum.
  if (typeof json === "string" && recordCrc(collection, id, revision, json) === crc) return [ordinal, id, revision, json];
  throw new AnodeError("internal", `The stored record ${collection}/${id} must be whole, it is damaged.`, { details: { collection, id } });
}
