import { migrations, openDatabase } from "../../../lib/node/sqlite/sqlite-schema.js";

// store-migrator <path> [versions at a time]: brings a store two versions further than the released ones.
const [path = "", atATime = "all"] = process.argv.slice(2);
const later = [
  "ALTER TABLE records ADD COLUMN later INTEGER NOT NULL DEFAULT 0; UPDATE records SET later = revision;",
  "CREATE TABLE streams (name TEXT PRIMARY KEY, segments INTEGER NOT NULL) STRICT; INSERT INTO streams SELECT stream, count(*) FROM segments GROUP BY stream;",
];
for (let taken = atATime === "all" ? later.length : 1; taken <= later.length; taken += 1) {
  openDatabase(path, { durability: "full", storeBytes: 1 << 30, migrations: [...migrations, ...later.slice(0, taken)] }).db.close();
}
