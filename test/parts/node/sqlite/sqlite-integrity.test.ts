import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appendOf } from "../../../../lib/testing/store-subject.js";
import type { AnodeError } from "../../../../lib/errors.js";
import { openSourceStore, temporaryFolder } from "../../../support/sqlite.js";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(async () => {
  folder = temporaryFolder();
  path = folder.file("store.db");
  const store = await openSourceStore({ path });
  for (let batch = 0; batch < 3; batch += 1)
    await store.commit({ appends: [appendOf("run:1", batch * 3, 3), appendOf("run:2", batch * 3, 3)] });
  await store.commit({ puts: [{ collection: "runs", id: "1", record: { a: 1 }, expectedRevision: 0 }] });
  await store.close();
});
afterEach(() => folder.remove());

function change(sql: string): void {
  const db = new DatabaseSync(path);
  expect(db.prepare(sql).run().changes).toBe(1);
  db.close();
}

async function flip(at: number): Promise<void> {
  const file = await open(path, "r+");
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
  await file.close();
}

describe("openSqliteStore over a damaged file", () => {
  it.each([
    [
      "a flipped bit of the body",
      "UPDATE segments SET body = CAST(replace(CAST(body AS TEXT), 'text 5', 'text 4') AS BLOB) WHERE stream = 'run:1' AND first_seq = 4",
    ],
    ["a changed seq", "UPDATE segments SET first_seq = 3 WHERE stream = 'run:1' AND first_seq = 4"],
    ["a missing segment", "DELETE FROM segments WHERE stream = 'run:1' AND first_seq = 4"],
  ])("names the stream and the seq range of %s, never serves it, and serves the rest", async (_, sql) => {
    change(sql);
    const store = await openSourceStore({ path });
    for (const after of [0, 3, 4]) {
      await expect(store.read("run:1", after, 65_536)).rejects.toMatchObject({ code: "internal", details: { stream: "run:1", to_seq: 6 } });
    }
    expect(await store.read("run:1", 0, 1)).toMatchObject({ fromSeq: 1, toSeq: 1 });
    expect(await store.read("run:1", 6, 65_536)).toMatchObject({ fromSeq: 7, toSeq: 9 });
    expect(await store.read("run:2", 0, 65_536)).toMatchObject({ fromSeq: 1, toSeq: 9 });
    await store.commit({ appends: [appendOf("run:1", 9)] });
    await store.close();
  });

  it("names a damaged record and does not serve it", async () => {
    change(`UPDATE records SET json = '{"a":2}'`);
    const store = await openSourceStore({ path });
    const damaged = { code: "internal", details: { collection: "runs", id: "1" } };
    await expect(store.get("runs", "1")).rejects.toMatchObject(damaged);
    await expect(store.list("runs", { limit: 1 })).rejects.toMatchObject(damaged);
    await store.close();
  });

  it("passes a record by that is no JSON any more where a list asks for a field, and lives on", async () => {
    await flip(readFileSync(path).lastIndexOf('{"a":1}'));
    const store = await openSourceStore({ path });
    await store.commit({ puts: [{ collection: "runs", id: "2", record: { a: "x" }, expectedRevision: 0 }] });
    expect((await store.list("runs", { limit: 9, where: { a: ["x"] } })).items.map(({ id }) => id)).toEqual(["2"]);
    await expect(store.list("runs", { limit: 9 })).rejects.toMatchObject({ code: "internal", details: { collection: "runs", id: "1" } });
    expect(await store.get("runs", "2")).toMatchObject({ record: { a: "x" } });
    await store.close();
  });

  it("does not serve what a flipped bit declares to be of another type, though its bytes are the same", async () => {
    // The headers of the two rows: the length of their own, NULL for the row's number, then one number for each column's type.
    const record = readFileSync(path).lastIndexOf(Buffer.from([0x00, 0x15, 0x0f, 0x09]));
    const segment = readFileSync(path).lastIndexOf(Buffer.from([0x00, 0x17, 0x09]));
    expect([record > 0, segment > 0]).toEqual([true, true]);
    await flip(record + 5);
    await flip(segment + 7);
    const store = await openSourceStore({ path });
    await expect(store.get("runs", "1")).rejects.toMatchObject({ code: "internal", details: { collection: "runs", id: "1" } });
    await expect(store.read("run:1", 0, 65_536)).rejects.toMatchObject({ code: "internal", details: { stream: "run:1", from_seq: 1 } });
    await store.close();
  });

  it("is refused by name when a letter of the schema is another one", async () => {
    await flip(readFileSync(path).indexOf("json_extract"));
    await expect(openSourceStore({ path })).rejects.toMatchObject({ code: "store_failed", details: { sqlite_code: 1 } });
  });

  it("fails for good when SQLite finds its pages corrupt, tells it once, and says what is wrong", async () => {
    const db = new DatabaseSync(path);
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'records'").get()?.["rootpage"] as number;
    db.close();
    const file = await open(path, "r+");
    await file.write(Buffer.alloc(4096, 0xff), 0, 4096, (root - 1) * 4096);
    await file.close();

    const failures: AnodeError[] = [];
    const store = await openSourceStore({ path, onFailed: (error) => failures.push(error) });
    expect((await store.check()).length).toBeGreaterThan(0);
    await expect(store.get("runs", "1")).rejects.toMatchObject({ code: "store_failed", details: { sqlite_code: 11 } });
    const calls = [store.get("runs", "1"), store.commit({ appends: [appendOf("run:3", 0)] }), store.usage()];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "store_failed", details: { sqlite_code: 11 } } });
    }
    await expect(store.read("run:1", 0, 1)).rejects.toMatchObject({ code: "store_failed" });
    expect(failures).toHaveLength(1);
    await store.close();
  });
});
