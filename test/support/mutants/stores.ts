import type { StreamEvent } from "../../../lib/events/event.js";
import type { Limits } from "../../../lib/limits.js";
import { isTerminalEvent } from "../../../lib/runs/transitions.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Append, Batch, Put, Store } from "../../../lib/store/store.js";
import type { StoreInstance } from "../../../lib/testing/store-subject.js";

/** What a store does wrong, over one that does it right. */
type Defect = (store: Store) => Partial<Store>;

export interface WrongStore {
  readonly defect: Defect;
  readonly limits?: Partial<Limits>;
  readonly breaks: readonly string[];
}

const part = (batch: Batch, name: keyof Batch): Batch => ({ [name]: batch[name] ?? [] });
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Stores that are wrong in one point, each around a right one, and the clauses of the suite that it breaks at least. */
export const wrongStores: Readonly<Record<string, WrongStore>> = {
  "acknowledges before it commits": {
    defect: (store) => ({
      async commit(batch) {
        void nextTurn().then(() => store.commit(batch).catch(() => {}));
      },
    }),
    breaks: ["store.visible", "store.stale", "store.close"],
  },
  "tears record and event apart": {
    defect: (store) => ({
      async commit(batch) {
        for (const name of ["puts", "deletes", "appends", "drops", "trims"] as const) await store.commit(part(batch, name));
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
  "does not trim what it is told to": {
    defect: (store) => ({ commit: (batch) => store.commit({ ...batch, trims: [] }) }),
    breaks: ["store.trims"],
  },
  "drops what it shall trim": {
    defect: (store) => ({
      commit: ({ trims = [], ...batch }) =>
        store.commit({ ...batch, drops: [...(batch.drops ?? []), ...trims.map(({ stream }) => stream)] }),
    }),
    breaks: ["store.trims"],
  },
  "answers after close": { defect: (store) => ({ close: async () => void (await store.usage()) }), breaks: ["store.close"] },
};

/** The right store with the wrong part. */
export function withDefect(store: Store, { defect }: WrongStore): Store {
  return { ...store, ...defect(store) };
}

/** Lets an event follow the one that ends a run: the same once more, or another. */
export function appendsAfterTheEnd(store: Store, more: (terminal: StreamEvent) => StreamEvent): Store {
  const prolonged = (append: Append): Append => {
    const terminal = append.events.find(({ type }) => isTerminalEvent(type));
    return terminal ? { ...append, events: [...append.events, more(terminal)] } : append;
  };
  return { ...store, commit: (batch) => store.commit({ ...batch, appends: (batch.appends ?? []).map(prolonged) }) };
}

/** A store whose reopening replays the batches that `lasting` says have lasted. */
export function replaying(lasting: (batches: Batch[]) => Batch[], limits: Partial<Limits> = {}): StoreInstance {
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
