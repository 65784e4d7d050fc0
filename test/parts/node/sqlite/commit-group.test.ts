import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteDatabase } from "../../../../lib/node/sqlite/sqlite-database.js";
import type { EncodedBatch } from "../../../../lib/node/sqlite/sqlite-protocol.js";
import { temporaryFolder } from "../../../support/sqlite.js";

let folder: ReturnType<typeof temporaryFolder>;
let database: SqliteDatabase;

beforeEach(() => {
  folder = temporaryFolder();
  const path = folder.file("store.db");
  writeFileSync(path, "");
  const room = { streamEvents: 1_000, streamBytes: 1 << 30, storeBytes: 1 << 30, commitOperations: 100, commitBytes: 1 << 20 };
  database = new SqliteDatabase({ path, durability: "normal", ...room });
});
afterEach(() => {
  database.close();
  folder.remove();
});

/** The event after `expectedSeq` in each of so many streams. */
function appends(streams: number, expectedSeq: number): EncodedBatch {
  const one = (_: unknown, i: number) => ({ stream: `run:${i}`, expectedSeq, count: 1, lines: `{"seq":${expectedSeq + 1}}\n` });
  return { appends: Array.from({ length: streams }, one), puts: [], deletes: [], drops: [], trims: [] };
}

function put(id: string, bytes: number): EncodedBatch {
  const json = JSON.stringify({ text: "x".repeat(bytes) });
  return { appends: [], puts: [{ collection: "runs", id, json, expectedRevision: 0 }], deletes: [], drops: [], trims: [] };
}

describe("SqliteDatabase", () => {
  it("goes on with streams of which it holds the ends of a part alone", () => {
    const streams = 10_000;
    for (const seq of [0, 1, 2]) {
      const batch = appends(streams, seq);
      // There and back, so that each way begins with those it knows.
      const ordered = { ...batch, appends: seq === 1 ? batch.appends.toReversed() : batch.appends };
      expect(database.commit([ordered])).toEqual([undefined]);
    }
    expect(database.commit([appends(1, 2)])).toMatchObject([{ code: "stale_commit" }]);
    for (const i of [0, streams / 2, streams - 1]) expect(database.read(`run:${i}`, 0, 1 << 20)).toMatchObject({ fromSeq: 1, toSeq: 3 });
  });

  it("tries the others alone where one is stale, and keeps all that stand", () => {
    const outcomes = database.commit([put("a", 10), put("b", 10), put("a", 20), put("c", 10)]);
    expect(outcomes).toMatchObject([undefined, undefined, { code: "stale_commit" }, undefined]);
    expect(database.list("runs", { order: "asc", limit: 10 }).rows.map(([, id]) => id)).toEqual(["a", "b", "c"]);
  });
});
