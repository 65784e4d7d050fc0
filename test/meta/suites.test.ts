import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../lib/store/memory-store.js";
import type { Batch } from "../../lib/store/store.js";
import { blobStoreSuite } from "../../lib/testing/blob-store-suite.js";
import { eventBufferSuite } from "../../lib/testing/event-buffer-suite.js";
import { executorSuite } from "../../lib/testing/executor-suite.js";
import { paneBackendSuite } from "../../lib/testing/pane-backend-suite.js";
import { storeSuite } from "../../lib/testing/store-suite.js";
import { failuresOf } from "../../lib/testing/suite.js";
import { wrongBlobStores } from "../support/mutants/blobs.js";
import { wrongBuffers } from "../support/mutants/buffers.js";
import { wrongExecutors } from "../support/mutants/executors.js";
import { wrongPanes } from "../support/mutants/panes.js";
import { replaying, withDefect, wrongStores } from "../support/mutants/stores.js";
import { memoryPaneSubject } from "../support/memory-pane-subject.js";
import { plain, subjectOf } from "../support/prompted-executors.js";

describe("the suite of Store", () => {
  it.each(Object.entries(wrongStores))("fails over one that %s", async (_, wrong) => {
    const failures = await failuresOf(storeSuite, {
      supports: { durable: false },
      async make(asked) {
        const store = createMemoryStore({ limits: wrong.limits ?? asked ?? {} });
        return { store: withDefect(store, wrong), dispose: () => store.close() };
      },
    });
    expect(failures.map(({ clause }) => clause)).toEqual(expect.arrayContaining([...wrong.breaks]));
  });

  it.each<[string, (all: Batch[]) => Batch[]]>([
    ["loses the last batch when it is reopened", (all) => all.slice(0, -1)],
    ["keeps a batch that it refused", (all) => [...all, { puts: [{ collection: "runs", id: "ghost", record: {}, expectedRevision: 0 }] }]],
  ])("fails over one that %s", async (_, lasting) => {
    const failures = await failuresOf(storeSuite, { supports: { durable: true }, make: async () => replaying(lasting) });
    expect(failures.map(({ clause }) => clause)).toContain("store.reopen");
  });

  it("passes over the same one without a defect", async () => {
    const failures = await failuresOf(storeSuite, { supports: { durable: true }, make: async (limits) => replaying((all) => all, limits) });
    expect(failures).toEqual([]);
  });
});

describe("the suite of BlobStore", () => {
  it.each(Object.entries(wrongBlobStores))("fails over one that %s", async (_, { make, breaks, durable = false }) => {
    const failures = await failuresOf(blobStoreSuite, { supports: { durable }, make });
    expect(failures.map(({ clause }) => clause)).toContain(breaks);
  });
});

describe("the suite of EventBuffer", () => {
  // What it costs and when it subscribes is proven elsewhere: promises.test.ts.
  const { "queues for each subscriber": _cost, "subscribes a reader after its first read": _moment, ...visible } = wrongBuffers;
  it.each(Object.entries(visible))("fails over one that %s", async (_, make) => {
    expect(await failuresOf(eventBufferSuite, { supports: {}, make })).not.toEqual([]);
  });
});

describe("the suite of PaneBackend", () => {
  it.each(Object.entries(wrongPanes))("fails over one that %s", async (_, [clause, defect]) => {
    const failures = await failuresOf(paneBackendSuite, memoryPaneSubject(defect));
    expect(failures.map((failure) => failure.clause)).toContain(clause);
  });
});

describe("the suite of Executor", () => {
  const quick = { graceMs: 50, limits: { killMs: 10 } };
  it.each(Object.entries(wrongExecutors))("fails over one that %s", async (_, wrong) => {
    const failures = await failuresOf(executorSuite, { ...subjectOf(() => wrong(plain())), options: quick, graceMs: 50 });
    expect(failures).not.toEqual([]);
  });

  it("passes over the same one without a defect, in as little time", async () => {
    expect(await failuresOf(executorSuite, { ...subjectOf(plain), options: quick, graceMs: 50 })).toEqual([]);
  });
});
