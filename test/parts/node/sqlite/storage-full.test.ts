import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { appendOf, seqsOf } from "../../../../lib/testing/store-subject.js";
import { openSourceStore, sourceArguments, temporaryFolder } from "../../../support/sqlite.js";

const text = "x".repeat(50_000);
const mountPoint = temporaryFolder();
const small = mountPoint.file("small");
mkdirSync(small);
const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]).status === 0;
afterAll(() => {
  if (isMounted) spawnSync("umount", [small]);
  mountPoint.remove();
});

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** Appends until the store refuses; answers the code and how many appends were acknowledged. */
async function fill(store: Awaited<ReturnType<typeof openSourceStore>>): Promise<{ code: string; acknowledged: number }> {
  for (let seq = 0; seq < 1000; seq += 1) {
    try {
      await store.commit({ appends: [appendOf("run:1", seq, 1, text)] });
    } catch (error) {
      return { code: (error as { code: string }).code, acknowledged: seq };
    }
  }
  throw new Error("The store was never full.");
}

describe("openSqliteStore without space", () => {
  it.runIf(isMounted)("answers storage_full on a full disk, keeps what it acknowledged, and goes on when there is space", async () => {
    const filler = `${small}/filler`;
    writeFileSync(filler, Buffer.alloc(2_000_000));
    const failures: unknown[] = [];
    const store = await openSourceStore({ path: `${small}/store.db`, onFailed: (error) => failures.push(error) });
    const { code, acknowledged } = await fill(store);
    expect(code).toBe("storage_full");
    await expect(store.commit({})).rejects.toMatchObject({ code: "storage_full" });
    expect((await seqsOf(store, "run:1")).length).toBe(acknowledged);
    rmSync(filler);
    await store.commit({});
    await store.commit({ appends: [appendOf("run:1", acknowledged, 1, text)] });
    expect((await seqsOf(store, "run:1")).length).toBe(acknowledged + 1);
    expect([await store.check(), failures]).toEqual([[], []]);
    await store.close();
  });

  it.skipIf(isMounted)("answers storage_full on a full disk (skipped: no tmpfs can be mounted here)", () => {});

  it("answers storage_full at limits.storeBytes; an empty commit is no sign of space, a drop makes some", async () => {
    const store = await openSourceStore({ path: folder.file("store.db"), limits: { storeBytes: 1 << 20 } });
    await store.commit({ appends: [appendOf("run:2", 0, 1, text.repeat(5))] });
    const { code, acknowledged } = await fill(store);
    expect(code).toBe("storage_full");
    await expect(store.commit({})).rejects.toMatchObject({ code: "storage_full" });
    expect((await seqsOf(store, "run:1")).length).toBe(acknowledged);
    expect((await store.usage()).bytes).toBeLessThanOrEqual(1 << 20);

    const more = () => store.commit({ appends: [appendOf("run:1", acknowledged, 1, text.repeat(3))] });
    const outcomes = await Promise.allSettled([more(), store.commit({ drops: ["run:2"] })]);
    expect(outcomes).toMatchObject([{ status: "rejected", reason: { code: "storage_full" } }, { status: "fulfilled" }]);
    await store.commit({});
    await more();
    await store.close();
  });

  it("fails for good on a write error that is not lack of space", () => {
    const script = new URL("../../../support/sqlite-writer.ts", import.meta.url).pathname;
    const command = `ulimit -f 2000; exec "$0" "$@"`;
    const child = spawnSync("sh", ["-c", command, process.execPath, ...sourceArguments, script, folder.file("store.db"), "until-error"], {
      encoding: "utf8",
    });
    expect(child.stdout.trim().split("\n").slice(-3)).toEqual(["commit store_failed", "again store_failed", "failed once"]);
  });
});
