import { describe, expect, it } from "vitest";
import type { Limits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Batch, Put, Store } from "../../../lib/store/store.js";
import type { StoreInstance } from "../../../lib/testing/store-subject.js";
import { storeSuite } from "../../../lib/testing/store-suite.js";
import { failuresOf } from "../../../lib/testing/suite.js";

/** What a store does wrong, over one that does it right. */
type Defect = (store: Store) => Partial<Store>;

const part = (batch: Batch, name: keyof Batch): Batch => ({ [name]: batch[name] ?? [] });
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const defects: Record<string, { defect: Defect; limits?: Partial<Limits>; breaks: string[] }> = {
  "acknowledges before it commits": {
    defect: (store) => ({
      async commit(batch) {
        void nextTurn().then(() => store.commit(batch).catch(() => {}));
      },
    }),
    breaks: ["store.visible", "store.stale", "store.close"],
  },
  "commits part by part": {
    defect: (store) => ({
      async commit(batch) {
        for (const name of ["puts", "deletes", "appends", "drops"] as const) await store.commit(part(batch, name));
      },
    }),
    breaks: ["store.stale"],
  },
  "reads from the cursor instead of after it": {
    defect: (store) => ({ read: (stream, after, limitBytes) => store.read(stream, Math.max(0, after - 1), limitBytes) }),
    breaks: ["store.cursor", "store.paging"],
  },
  "lists from the cursor instead of beyond it": {
    defect: (store) => ({
      list: (collection, query) => {
        const step = query.order === "asc" ? -1 : 1;
        return store.list(collection, { ...query, ...(query.after !== undefined && { after: query.after + step }) });
      },
    }),
    breaks: ["store.list"],
  },
  "ignores expectedRevision": {
    defect: (store) => ({
      async commit(batch) {
        const puts: Put[] = [];
        for (const put of batch.puts ?? []) {
          const seen = puts.filter(({ id }) => id === put.id).length;
          puts.push({ ...put, expectedRevision: ((await store.get(put.collection, put.id))?.revision ?? 0) + seen });
        }
        await store.commit({ ...batch, puts });
      },
    }),
    breaks: ["store.stale"],
  },
  "ignores expectedSeq": {
    defect: (store) => ({
      async commit(batch) {
        await store.commit({ ...batch, appends: [] });
        for (const append of batch.appends ?? []) await store.commit({ appends: [append] }).catch(() => {});
      },
    }),
    breaks: ["store.stale", "store.order"],
  },
  "applies commits in any order": {
    defect: (store) => {
      let turn = 0;
      return {
        async commit(batch) {
          if (turn++ % 2 === 0) await nextTurn();
          await store.commit(batch);
        },
      };
    },
    breaks: ["store.order"],
  },
  "says more where nothing follows": {
    defect: (store) => ({ list: async (...call) => ({ items: (await store.list(...call)).items, more: true }) }),
    breaks: ["store.list"],
  },
  "gives all where a condition matches nothing": {
    defect: (store) => ({ list: (collection, query) => store.list(collection, { ...query, where: {} }) }),
    breaks: ["store.where"],
  },
  "never trims": { defect: () => ({}), limits: { streamEvents: 100_000, streamBytes: 1 << 26 }, breaks: ["store.trim"] },
  "answers after close": { defect: (store) => ({ close: async () => void (await store.usage()) }), breaks: ["store.close"] },
};

describe("storeSuite", () => {
  it.each(Object.entries(defects))("fails for a store that %s", async (_, { defect, limits, breaks }) => {
    const failures = await failuresOf(storeSuite, {
      supports: { durable: false },
      async make(asked) {
        const store = createMemoryStore({ limits: limits ?? asked ?? {} });
        return { store: { ...store, ...defect(store) }, dispose: () => store.close() };
      },
    });
    expect(failures.map(({ clause }) => clause)).toEqual(expect.arrayContaining(breaks));
  });

  it("fails for a durable store that loses the last batch, and for one that keeps a refused one", async () => {
    for (const lasting of [
      (all: Batch[]) => all.slice(0, -1),
      (all: Batch[]) => [...all, { puts: [{ collection: "runs", id: "ghost", record: {}, expectedRevision: 0 }] }],
    ]) {
      const failures = await failuresOf(storeSuite, { supports: { durable: true }, make: async () => replaying(lasting) });
      expect(failures.map(({ clause }) => clause)).toContain("store.reopen");
    }
  });

  it("passes for the same store without a defect", async () => {
    expect(await failuresOf(storeSuite, { supports: { durable: true }, make: async (limits) => replaying((all) => all, limits) })).toEqual(
      [],
    );
  });
});

/** A store whose reopening replays the batches that `lasting` says have lasted. */
function replaying(lasting: (batches: Batch[]) => Batch[], limits: Partial<Limits> = {}): StoreInstance {
  const batches: Batch[] = [];
  const inner = createMemoryStore({ limits });
  const store: Store = {
    ...inner,
    async commit(batch) {
      await inner.commit(batch);
      batches.push(batch);
    },
  };
  return {
    store,
    async reopen() {
      const reopened = createMemoryStore({ limits });
      for (const batch of lasting(batches)) await reopened.commit(batch);
      return reopened;
    },
    dispose: () => inner.close(),
  };
}
