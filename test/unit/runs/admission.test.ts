import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Batch } from "../../../lib/store/store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { gate, openManager, until } from "../../support/manager.js";

/** A store that tells the types of the events of each batch, those of the feed aside. */
function listened() {
  const memory = createMemoryStore();
  const batches: string[][] = [];
  const commit = async (batch: Batch): Promise<void> => {
    const runs = (batch.appends ?? []).filter(({ stream }) => stream.startsWith("run:"));
    batches.push(runs.flatMap(({ events }) => events.map(({ type }) => type)));
    await memory.commit(batch);
  };
  return { store: { ...memory, commit }, batches };
}

describe("a slot", () => {
  it("is handed on in the commit that ends its run", async () => {
    const { store, batches } = listened();
    const { executor, release, contexts } = gate();
    const manager = await openManager(executor, { store, concurrency: 1 });
    const runs = [await manager.start({ prompt: "a" }), await manager.start({ prompt: "b" })];
    await until(() => contexts.length === 1);
    release();
    await until(() => contexts.length === 2);
    release();
    await Promise.all(runs.map((run) => run.done()));
    expect(batches).toContainEqual(["run.completed", "run.started"]);
    expect(batches.at(-1)).toEqual(["run.completed"]);
  });

  it("goes from one run to the next without end where each gives it back at once", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { executor, contexts } = gate();
    const manager = await openManager(executor, { store, concurrency: 1, queueLimit: 3_000 });
    const runs = await Promise.all(Array.from({ length: 3_000 }, () => manager.start({ prompt: "x" })));
    const ends = Promise.allSettled(runs.map((run) => run.done()));
    await until(() => contexts.length === 1);
    store.failCommits(1, "store_failed");
    contexts[0]?.emit("test.event", {}).catch(() => {});
    const reasons = (await ends).map((end) => (end.status === "rejected" ? (end.reason as { code: string }).code : end.status));
    expect(new Set(reasons)).toEqual(new Set(["store_failed"]));
  });
});
