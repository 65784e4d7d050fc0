import { linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../../../lib/node/sqlite/sqlite-store.js";
import { appendOf } from "../../../../lib/testing/store-subject.js";
import { openSourceStore, sourceWorker, temporaryFolder } from "../../../support/sqlite.js";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = folder.file("store.db");
});
afterEach(() => folder.remove());

describe("openSqliteStore", () => {
  it("is held by its first opener: the second is refused by pid, and may open it after the close", async () => {
    const store = await openSourceStore({ path });
    const refused = { code: "store_failed", details: { reason: "locked", owner_pid: process.pid } };
    await expect(openSourceStore({ path })).rejects.toMatchObject(refused);
    await store.commit({ appends: [appendOf("run:1", 0)] });
    await store.close();
    const next = await openSourceStore({ path });
    expect((await next.read("run:1", 0, 1)).lastSeq).toBe(1);
    await next.close();
  });

  it("makes its files readable for their owner alone", async () => {
    const store = await openSourceStore({ path });
    for (const suffix of ["", "-wal", "-shm", ".lock"]) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("writes nothing into a store that it opens again", async () => {
    const store = await openSourceStore({ path });
    await store.commit({ appends: [appendOf("run:1", 0)] });
    await store.close();
    const again = await openSourceStore({ path });
    expect(statSync(`${path}-wal`).size).toBe(0);
    await again.close();
  });

  it("ends a page with the last segment that fits it whole, and cuts only one that is alone too long for it", async () => {
    const store = await openSourceStore({ path });
    for (let segment = 0; segment < 3; segment += 1) await store.commit({ appends: [appendOf("run:1", segment * 10, 10)] });
    const segmentBytes = (await store.read("run:1", 10, 1 << 20)).lines.length / 2;
    for (const [after, toSeq] of [
      [0, 20],
      [5, 20],
      [20, 30],
      [25, 30],
    ] as const) {
      expect(await store.read("run:1", after, segmentBytes * 2.5)).toMatchObject({ fromSeq: after + 1, toSeq });
    }
    const cut = await store.read("run:1", 0, segmentBytes / 2);
    expect(cut.fromSeq).toBe(1);
    expect(cut.toSeq).toBeGreaterThanOrEqual(4);
    expect(cut.toSeq).toBeLessThanOrEqual(6);
    await store.close();
  });

  it.each([
    ["a folder", (at: string) => mkdirSync(at), "unsafe_path"],
    ["a symbolic link", (at: string) => symlinkSync(folder.file("elsewhere"), at), "unsafe_path"],
    [
      "a second name of a file",
      (at: string) => (writeFileSync(folder.file("first"), ""), linkSync(folder.file("first"), at)),
      "unsafe_path",
    ],
  ])("refuses %s in place of the file", async (_, make, reason) => {
    make(path);
    await expect(openSourceStore({ path })).rejects.toMatchObject({ code: "store_failed", details: { reason } });
  });

  it("refuses a file that is no store, and lets go of the lock", async () => {
    writeFileSync(path, "not a database, but long enough to look at. ".repeat(50));
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(openSourceStore({ path })).rejects.toMatchObject({ code: "store_failed", details: { sqlite_code: 26 } });
    }
  });

  it("takes a worker that already runs, and refuses one that has died", async () => {
    const worker = sourceWorker();
    await new Promise((resolve) => worker.once("online", resolve));
    const store = await openSqliteStore({ path, worker });
    await store.close();
    const dead = sourceWorker();
    await dead.terminate();
    await expect(openSqliteStore({ path, worker: dead })).rejects.toMatchObject({ code: "store_failed" });
  });

  it("says which file is missing when the worker cannot start", async () => {
    await expect(openSqliteStore({ path, worker: folder.file("no-worker.cjs") })).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringContaining("no-worker.cjs"),
    });
  });

  it("rejects everything under way and every later call when its worker dies, and tells it once", async () => {
    const worker = sourceWorker();
    const failures: unknown[] = [];
    const store = await openSqliteStore({ path, worker, onFailed: (error) => failures.push(error) });
    const commits = Array.from({ length: 20 }, (_, index) => store.commit({ appends: [appendOf("run:1", index)] }));
    void worker.terminate();
    const outcomes = await Promise.allSettled(commits);
    expect(outcomes.at(-1)).toMatchObject({ status: "rejected", reason: { code: "store_failed" } });
    await expect(store.commit({})).rejects.toMatchObject({ code: "store_failed" });
    await expect(store.read("run:1", 0, 1)).rejects.toMatchObject({ code: "store_failed" });
    expect(failures).toHaveLength(1);
    await store.close();

    const acknowledged = outcomes.filter(({ status }) => status === "fulfilled").length;
    const next = await openSourceStore({ path });
    expect((await next.read("run:1", 0, 1)).lastSeq).toBeGreaterThanOrEqual(acknowledged);
    await next.close();
  });

  it("refuses a condition on a field whose name is no plain name", async () => {
    const store = await openSourceStore({ path });
    await expect(store.list("runs", { limit: 1, where: { "a'b": ["x"] } })).rejects.toMatchObject({ code: "invalid_request" });
    await store.close();
  });
});
