import { Worker } from "node:worker_threads";
import type { Store } from "../../../lib/store/store.js";
import { eventsOf } from "../../../lib/testing/store-subject.js";
import { sourceArguments, sourceWorker } from "../../support/sqlite.js";
import { streamOf } from "./store-workload.js";

/** A store that does one thing wrong, over one that does it right. */
type Mutant = (store: Store) => Store | Promise<Store>;

const over: Record<string, Mutant> = {
  "acknowledges before COMMIT": (store) => ({
    ...store,
    async commit(batch) {
      // After the write was asked for, before it is done: as early as a hasty author would.
      store.commit(batch).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
    },
  }),
  "writes record and event in two transactions": (store) => ({
    ...store,
    async commit({ appends = [], ...rest }) {
      if (appends.length > 0) await store.commit({ appends });
      await store.commit(rest);
    },
  }),
  async "renumbers on reopen"(store) {
    const { items } = await store.list("runs", { limit: 1, where: { status: ["running"] } });
    const [item] = items;
    if (!item) return store;
    const stream = streamOf(item.id);
    const events = eventsOf(await store.read(stream, 0, 1 << 24)).slice(1);
    await store.commit({ drops: [stream] });
    await store.commit({ appends: [{ stream, expectedSeq: 0, events: events.map((event, index) => ({ ...event, seq: index + 1 })) }] });
    return store;
  },
};

/** Bugs below the store: the worker that has them. */
export const workerMutants = [
  "runs with synchronous=OFF",
  "retries after a sync error",
  "acknowledges a failed write",
  "never gives space back",
  "fails for good on a full disk",
] as const;

/** Puts the planted bug over the store, where it is one of those. */
export async function mutated(store: Store, bug: string | undefined): Promise<Store> {
  return bug === undefined ? store : ((await over[bug]?.(store)) ?? store);
}

/** The store's worker, or one with the planted bug. */
export function workerWith(bug: string | undefined): Worker {
  if (!(workerMutants as readonly (string | undefined)[]).includes(bug)) return sourceWorker();
  return new Worker(new URL("./store-mutant-worker.ts", import.meta.url), { execArgv: sourceArguments, workerData: bug });
}
