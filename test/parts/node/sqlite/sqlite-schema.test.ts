import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applicationId, migrations, openDatabase } from "../../../../lib/node/sqlite/sqlite-schema.js";
import { temporaryFolder } from "../../../support/sqlite.js";

const options = { durability: "full", storeBytes: 1 << 24 } as const;
let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = folder.file("store.db");
  writeFileSync(path, "");
});
afterEach(() => folder.remove());

function tablesOf(file: string): unknown[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").all();
  const version = db.prepare("PRAGMA user_version").get();
  db.close();
  return [...names.map((row) => row["name"]), version?.["user_version"]];
}

describe("openDatabase", () => {
  it.each([
    ["full", 2],
    ["normal", 1],
  ] as const)("reads back every setting for durability %s", (durability, synchronous) => {
    const { db, settings } = openDatabase(path, { ...options, durability });
    expect(settings).toEqual({
      sqlite_version: process.versions["sqlite"],
      journal_mode: "wal",
      synchronous,
      busy_timeout: 5000,
      auto_vacuum: 2,
      foreign_keys: 1,
      trusted_schema: 0,
      application_id: applicationId,
      user_version: migrations.length,
    });
    db.close();
  });

  it("refuses a store whose settings do not take effect", () => {
    const db = new DatabaseSync(path);
    // Too late to change once a table is there.
    db.exec(
      `PRAGMA auto_vacuum=NONE; CREATE TABLE t (a); PRAGMA application_id=${applicationId}; PRAGMA user_version=${migrations.length}`,
    );
    db.close();
    expect(() => openDatabase(path, options)).toThrow(expect.objectContaining({ code: "store_failed", details: { reason: "settings" } }));
  });

  it("refuses a store of a newer version and leaves it untouched", () => {
    openDatabase(path, { ...options, migrations: [...migrations, "CREATE TABLE newer (a)"] }).db.close();
    const before = readFileSync(path);
    expect(() => openDatabase(path, options)).toThrow(expect.objectContaining({ code: "store_failed", details: { reason: "newer" } }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("refuses another program's file and leaves it untouched", () => {
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE theirs (a)");
    db.close();
    const before = readFileSync(path);
    expect(() => openDatabase(path, options)).toThrow(expect.objectContaining({ code: "store_failed", details: { reason: "foreign" } }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("migrates an older store in one transaction: when the last step fails, none was taken", () => {
    openDatabase(path, { ...options, migrations: ["CREATE TABLE one (a)"] }).db.close();
    const broken = ["CREATE TABLE one (a)", "CREATE TABLE two (a)", "CREATE TABLE three (a); CREATE TABLE three (a)"];
    expect(() => openDatabase(path, { ...options, migrations: broken })).toThrow("three");
    expect(tablesOf(path)).toEqual(["one", 1]);
    openDatabase(path, { ...options, migrations: broken.slice(0, 2) }).db.close();
    expect(tablesOf(path)).toEqual(["one", "two", 2]);
  });

  it("serves lists by status, run and parent from an index that ends in the ordinal", () => {
    const { db } = openDatabase(path, options);
    for (const field of ["status", "run_id", "parent_id"]) {
      const sql = `EXPLAIN QUERY PLAN SELECT json FROM records WHERE collection = ? AND ordinal < ? AND json_extract(json, '$."${field}"') = ? ORDER BY ordinal DESC LIMIT 5`;
      const plan = db
        .prepare(sql)
        .all()
        .map((row) => row["detail"]);
      expect(plan).toEqual([expect.stringMatching(/USING INDEX records_by_\w+ \(collection=\? AND <expr>=\? AND rowid<\?\)/)]);
    }
    db.close();
  });
});
