import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteDatabase } from "../../../../lib/node/sqlite/sqlite-database.js";
import { temporaryFolder } from "../../../support/sqlite.js";

const roomBytes = 16 * 1024 * 1024;
let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = folder.file("store.db");
  writeFileSync(path, "");
});
afterEach(() => folder.remove());

function open(file: string, storeBytes = 1 << 30): SqliteDatabase {
  const room = { streamEvents: 1_000, streamBytes: 1 << 30, commitOperations: 100, commitBytes: 1 << 20 };
  return new SqliteDatabase({ path: file, durability: "full", storeBytes, ...room });
}

function append(database: SqliteDatabase, seq: number): void {
  const lines = `{"seq":${seq + 1}}\n`;
  const outcomes = database.commit([
    { appends: [{ stream: "run:1", expectedSeq: seq, count: 1, lines }], puts: [], deletes: [], drops: [], trims: [] },
  ]);
  expect(outcomes).toEqual([undefined]);
}

function rest(database: SqliteDatabase): void {
  for (let steps = 0; database.tidy(); steps += 1) expect(steps).toBeLessThan(100);
}

const textOf = (database: SqliteDatabase) => Buffer.from(database.read("run:1", 0, 1 << 20).lines).toString();
const logSize = (file: string) => statSync(`${file}-wal`).size;

describe("SqliteDatabase at rest", () => {
  it("makes room in its log, once, and neither the store nor the log grows by what is written into it", () => {
    const database = open(path);
    append(database, 0);
    const before = database.usage().bytes;
    rest(database);
    const size = logSize(path);
    expect(size).toBeGreaterThan(roomBytes);
    for (let seq = 1; seq < 200; seq += 1) append(database, seq);
    rest(database);
    expect([logSize(path), textOf(database).split("\n").length - 1, database.check()]).toEqual([size, 200, []]);
    expect(database.usage().bytes - before).toBeLessThan(1 << 20);
    expect(statSync(path).size).toBeLessThan(1 << 20);
    database.close();
  });

  it("leaves nothing of the room behind when it is killed: what was committed is there, and nothing else", () => {
    const database = open(path);
    append(database, 0);
    rest(database);
    append(database, 1);
    // The files as a kill leaves them.
    const killed = folder.file("killed.db");
    for (const ending of ["", "-wal"]) copyFileSync(path + ending, killed + ending);
    const reopened = open(killed);
    expect([textOf(reopened), reopened.check(), readFileSync(killed).length < 1 << 20]).toEqual(['{"seq":1}\n{"seq":2}\n', [], true]);
    reopened.close();
    database.close();
    expect(readdirSync(folder.path).filter((name) => name.endsWith("-wal"))).toEqual([]);
  });

  it("does without where the bound of the store is smaller, and stays in order", () => {
    const database = open(path, 1 << 20);
    append(database, 0);
    rest(database);
    append(database, 1);
    expect([textOf(database), database.check()]).toEqual(['{"seq":1}\n{"seq":2}\n', []]);
    database.close();
  });
});
