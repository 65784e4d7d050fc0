// The newest page of 50 runs as the store's worker reads it, against a bare rowid cursor over the same rows, and against one that also
// checks the checksum of each record, as the store promises to; flat as the store grows.
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { compare } from "../lib/compare.mjs";
import { fillRuns } from "../lib/prepared-records.mjs";
import { part } from "../lib/product.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const sizes = { "1k": 1_000, "100k": 100_000, "1m": 1_000_000 };
const pages = 400;
const pageItems = 50;
const bounds = { durability: "normal", streamEvents: 1, streamBytes: 1, storeBytes: 2 ** 32, commitOperations: 1, commitBytes: 1 };

const { SqliteDatabase } = await part("lib/node/sqlite/sqlite-database.js");
const { recordCrc } = await part("lib/node/sqlite/crc32.js");
const path = freshPath("store.db");
closeSync(openSync(path, "wx", 0o600));
new SqliteDatabase({ path, ...bounds }).close();
const flat = {};

for (const [name, size] of Object.entries(sizes)) {
  fill(size);
  const store = new SqliteDatabase({ path, ...bounds });
  const raw = openRaw();
  const id = `s9-list-${name}`;
  const checkedId = `s9-checked-${name}`;
  await compare({
    rows: [
      { id, title: `newest page of 50 of ${name} runs against a rowid cursor`, unit: "µs", better: "lower", goal: 1.5 },
      { id: checkedId, title: "the same against a rowid cursor that checks each record", unit: "µs", better: "lower", goal: 1.5 },
    ],
    seconds: 1.5,
    ours: () => {
      flat[name] = timeOf(size, (after) => listOf(store, after));
      return { [id]: flat[name], [checkedId]: flat[name] };
    },
    limit: () => ({ [id]: timeOf(size, raw.page), [checkedId]: timeOf(size, raw.checkedPage) }),
  });
  raw.close();
  store.close();
}
await compare({
  rows: [{ id: "s9-flat", title: "that page at 1M runs against the same at 1k", unit: "µs", better: "lower", goal: 1.5 }],
  repetitions: 1,
  warmUp: false,
  ours: () => ({ "s9-flat": flat["1m"] }),
  limit: () => ({ "s9-flat": flat["1k"] }),
});

function fill(size) {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; PRAGMA temp_store=MEMORY");
  fillRuns(db, size);
  db.close();
}

function listOf(store, after) {
  const { rows } = store.list("runs", { limit: pageItems, after });
  return rows.length;
}

function openRaw() {
  const db = new DatabaseSync(path, { readOnly: true });
  const statement = db.prepare(`SELECT ordinal, json FROM records WHERE ordinal < ? ORDER BY ordinal DESC LIMIT ${pageItems}`);
  statement.setReturnArrays(true);
  const whole = db.prepare(`SELECT id, revision, json, crc FROM records WHERE ordinal < ? ORDER BY ordinal DESC LIMIT ${pageItems}`);
  whole.setReturnArrays(true);
  return {
    page: (after) => statement.all(after).length,
    checkedPage: (after) => whole.all(after).filter(([key, revision, json, crc]) => recordCrc("runs", key, revision, json) === crc).length,
    close: () => db.close(),
  };
}

/** Microseconds a page, at places all over the table. */
function timeOf(size, page) {
  const startedAt = performance.now();
  for (let i = 0; i < pages; i += 1) {
    const after = Math.min(size + 1, pageItems + 2 + ((i * 7_919) % size));
    if (page(after) !== pageItems) throw new Error(`the page before ${after} is not full`);
  }
  return ((performance.now() - startedAt) * 1_000) / pages;
}
