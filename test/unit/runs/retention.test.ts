import { describe, expect, it } from "vitest";
import { createEvent } from "../../../lib/events/encode.js";
import { type PruneRule, pruneRuns } from "../../../lib/runs/retention.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Batch, Store } from "../../../lib/store/store.js";

const nowMs = Date.parse("2026-01-02T00:00:00.000Z");
const agoMs = (ms: number): string => new Date(nowMs - ms).toISOString();

interface Run {
  readonly id: string;
  readonly status?: string;
  readonly ended_at?: string;
}

/** A store with these runs, in the order of their acceptance, each with one event and one question. */
async function storeOf(runs: readonly Run[]): Promise<Store> {
  const store = createMemoryStore();
  for (const { id, status = "completed", ended_at } of runs) {
    const event = createEvent({ run_id: id, seq: 1, type: "run.queued", status: "queued", time: agoMs(0), payload: {} });
    await store.commit({
      appends: [{ stream: `run:${id}`, expectedSeq: 0, events: [event] }],
      puts: [
        {
          collection: "runs",
          id,
          record: { id, status, started_at: agoMs(3_600_000), ...(ended_at && { ended_at }) },
          expectedRevision: 0,
        },
        { collection: "questions", id: `Q-${id}`, record: { run_id: id, status: "closed" }, expectedRevision: 0 },
      ],
    });
  }
  return store;
}

async function prune(
  store: Store,
  rule: PruneRule,
  needed: readonly string[] = [],
): Promise<{ removed: number; batches: number; left: string[] }> {
  let batches = 0;
  const commit = (batch: Batch): Promise<void> => {
    batches += 1;
    return store.commit(batch);
  };
  const counts = await store.count("runs", "status");
  const told: string[] = [];
  const removed = await pruneRuns({
    store,
    rule,
    counts,
    removed: (status) => told.push(status),
    nowMs,
    isNeeded: (id) => needed.includes(id),
    commit,
  });
  expect(told).toHaveLength(removed);
  const left = (await store.list("runs", { order: "asc", limit: 1_000 })).items.map(({ id }) => id);
  return { removed, batches, left };
}

const ids = (count: number): Run[] => Array.from({ length: count }, (_, n) => ({ id: `${n + 1}` }));

describe("pruneRuns", () => {
  it("keeps the newest, and takes events and questions along", async () => {
    const store = await storeOf(ids(5));
    expect(await prune(store, { keep: 2 })).toEqual({ removed: 3, batches: 1, left: ["4", "5"] });
    expect((await store.list("questions", { order: "asc", limit: 9 })).items.map(({ id }) => id)).toEqual(["Q-4", "Q-5"]);
    const lengths = await Promise.all(["1", "3", "4"].map(async (id) => (await store.read(`run:${id}`, 0, 1_000)).lastSeq));
    expect(lengths).toEqual([0, 0, 1]);
  });

  it("removes nothing when there is no more than what is kept", async () => {
    expect(await prune(await storeOf(ids(3)), { keep: 3 })).toEqual({ removed: 0, batches: 0, left: ["1", "2", "3"] });
  });

  it("never removes an active run, whatever the rule says", async () => {
    const store = await storeOf([
      { id: "1", status: "running" },
      { id: "2" },
      { id: "3", status: "queued" },
      { id: "4", status: "waiting" },
    ]);
    expect((await prune(store, { keep: 0, older_than_ms: 0 })).left).toEqual(["1", "3", "4"]);
    expect((await prune(store, { keep: 0, status: ["running", "queued"] })).left).toEqual(["1", "3", "4"]);
  });

  it("never removes one that is needed, and takes a newer one in its place", async () => {
    expect((await prune(await storeOf(ids(4)), { keep: 2 }, ["1"])).left).toEqual(["1", "4"]);
  });

  it("removes what ended longer ago than the age", async () => {
    const store = await storeOf([
      { id: "1", ended_at: agoMs(2_001) },
      { id: "2", ended_at: agoMs(2_000) },
      { id: "3", ended_at: agoMs(10) },
    ]);
    expect((await prune(store, { older_than_ms: 2_000 })).left).toEqual(["2", "3"]);
  });

  it("looks at the given statuses alone", async () => {
    const store = await storeOf([{ id: "1" }, { id: "2", status: "failed" }, { id: "3", status: "failed" }, { id: "4" }]);
    expect((await prune(store, { keep: 1, status: ["failed"] })).left).toEqual(["1", "3", "4"]);
  });

  it("works in small commits", async () => {
    expect(await prune(await storeOf(ids(131)), { keep: 10 })).toMatchObject({ removed: 121, batches: 3 });
  });

  it("finds what is old behind many runs that were accepted before it and ended after it", async () => {
    const recent = ids(50).map((run) => ({ ...run, ended_at: agoMs(0) }));
    const store = await storeOf([...recent, { id: "old", ended_at: agoMs(10_000) }]);
    expect((await prune(store, { older_than_ms: 5_000 })).removed).toBe(1);
  });
});
