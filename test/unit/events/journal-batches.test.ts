import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { feedStream, Journal } from "../../../lib/events/journal.js";
import type { Step, StreamOwner } from "../../../lib/events/step.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { defaultLimits, type Limits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Batch } from "../../../lib/store/store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { lastSeqOf } from "../../support/buffer-readers.js";

interface BenchOptions {
  readonly limits?: Partial<Limits>;
  readonly owner?: StreamOwner;
  /** Stamps of the streams begin here. */
  readonly notBeforeMs?: number;
  readonly hasFeed?: boolean;
}

/** A journal over a store that tells each batch it takes. */
function bench({ limits, owner, notBeforeMs, hasFeed = true }: BenchOptions = {}) {
  const host = createTestHost();
  const batches: Batch[] = [];
  const memory = createMemoryStore();
  const store = createFaultyStore({
    ...memory,
    async commit(batch) {
      await memory.commit(batch);
      batches.push(batch);
    },
  });
  const buffer = createRingBuffer(defaultLimits);
  const failures: AnodeError[] = [];
  const onFailed = (error: AnodeError): void => void failures.push(error);
  const journal = new Journal({ store, buffer, host, limits: { ...defaultLimits, ...limits }, onFailed });
  if (hasFeed) journal.open(feedStream, 0, undefined, notBeforeMs);
  journal.open("a", 0, owner, notBeforeMs);
  journal.open("b", 0);
  return { host, store, buffer, journal, failures, batches };
}

const event = (stream: string, n = 0) => ({ stream, type: "test.event", payload: { n } });
const put = (id: string, expectedRevision = 0) => ({ collection: "c", id, record: {}, expectedRevision });
const sizes = (batches: readonly Batch[]): number[] =>
  batches.map(({ appends = [], puts = [], deletes = [] }) => appends.flatMap(({ events }) => events).length + puts.length + deletes.length);
const seqs = (batches: readonly Batch[], stream: string): number[] =>
  batches.flatMap(({ appends = [] }) =>
    appends.filter((one) => one.stream === stream).flatMap(({ events }) => events.map(({ seq }) => seq)),
  );

describe("a batch of the journal", () => {
  it("has what its steps say, and nothing else", async () => {
    const { journal, batches } = bench();
    const step: Step = {
      puts: [put("x")],
      deletes: [{ collection: "c", id: "gone" }],
      drops: ["old"],
      trims: [{ stream: "b", upTo: 7 }],
    };
    await journal.append(step).committed;
    await journal.append({ appends: [event("a")] }).committed;
    expect(batches[0]).toEqual({ appends: [], ...step });
    expect(batches[1]).toMatchObject({ puts: [], deletes: [], drops: [], trims: [], appends: [{ stream: "a", expectedSeq: 0 }] });
  });

  it("takes as many operations as its bound says, a larger step alone", async () => {
    const { journal, batches } = bench({ limits: { commitOperations: 3 } });
    const steps: Step[] = [
      { appends: [event("a"), event("a"), event("a"), event("a")] },
      { appends: [event("a")], puts: [put("x")], deletes: [{ collection: "c", id: "gone" }] },
      { appends: [event("b")], puts: [put("y")] },
      { deletes: [{ collection: "c", id: "gone" }] },
      { deletes: [{ collection: "c", id: "gone" }] },
    ];
    await Promise.all(steps.map((step) => journal.append(step).committed));
    expect(sizes(batches)).toEqual([4, 3, 3, 1]);
  });

  it("is whole again once those that were refused together have been tried alone", async () => {
    const { journal, store, batches } = bench();
    await store.commit({ puts: [put("x")] });
    const steps = [put("x"), put("y"), put("z")].map((one) => journal.append({ puts: [one] }));
    const [stale, ...good] = steps;
    await expect(stale?.committed).rejects.toMatchObject({ code: "stale_commit" });
    await Promise.all(good.map(({ committed }) => committed));
    await Promise.all(["k", "l", "m"].map((id) => journal.append({ puts: [put(id)] }).committed));
    expect(sizes(batches)).toEqual([1, 1, 1, 3]);
  });

  it("brings the feed what an owner folds into it, under its name, no earlier than what came before", async () => {
    const later = 4_000_000_000_000;
    const folds: StreamOwner = { fold: (type) => ({ feed: { type: "test.event", payload: { of: type } } }) };
    const { journal, store, host } = bench({ owner: folds, notBeforeMs: later });
    await journal.append({ appends: [event("a")] }).committed;
    await host.clock.advance(later);
    await journal.append({ appends: [event("a")] }).committed;
    const read = async (stream: string) => {
      const { lines } = await store.read(stream, 0, 1 << 20);
      return new TextDecoder()
        .decode(lines)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as StreamEvent);
    };
    const [own, fed] = [await read("a"), await read("feed")];
    expect(fed.map(({ type, payload }) => [type, payload])).toEqual([1, 2].map(() => ["test.event", { of: "test.event" }]));
    const times = [later, host.clock.now()].map((ms) => new Date(ms).getTime());
    expect(own.map(({ time }) => new Date(time).getTime())).toEqual(times);
    expect(fed.map(({ time }) => new Date(time).getTime())).toEqual(times);
  });
});

describe("a stream of the journal", () => {
  it("tells its newest seq before the commit, and is held no longer than it is open", async () => {
    const { journal, buffer } = bench();
    const step = journal.append({ appends: [event("a"), event("a")] });
    expect([journal.headSeq("a"), journal.headSeq("nowhere")]).toEqual([2, 0]);
    await step.committed;
    expect(lastSeqOf(buffer, "a")).toBe(2);
    journal.close("a");
    expect([journal.headSeq("a"), lastSeqOf(buffer, "a")]).toEqual([0, 0]);
    expect(() => journal.append({ appends: [event("a")] })).toThrow(expect.objectContaining({ code: "run_finished" }));
  });

  it("is settled when what was appended is committed, and at once where nothing is", async () => {
    const { journal, store, host } = bench();
    store.holdCommits();
    void journal.append({ appends: [event("a")] });
    let isSettled = false;
    const settled = journal.settled().then(() => (isSettled = true));
    await host.clock.advance(0);
    expect(isSettled).toBe(false);
    store.releaseCommits();
    await settled;
    store.failCommits(1, "storage_full");
    const held = journal.append({ appends: [event("a")] });
    const isRefused = expect(journal.stored()).rejects.toMatchObject({ code: "storage_full" });
    await journal.settled();
    await isRefused;
    await expect(journal.stored()).rejects.toMatchObject({ code: "storage_full" });
    expect(journal.full).toBe(true);
    await host.clock.advance(1_000);
    expect(await held.committed).toBe(2);
    await journal.stored();
  });
});

describe("a journal without space", () => {
  it("says so before anything is done, until there is some again", async () => {
    const { journal, store, host } = bench({ hasFeed: false });
    journal.assertSpace();
    store.failCommits(2, "storage_full");
    await expect(journal.append({ puts: [put("x")], whenFull: "refuse" }).committed).rejects.toMatchObject({ code: "storage_full" });
    expect(() => journal.assertSpace()).toThrow(expect.objectContaining({ code: "storage_full" }));
    // Nothing waits: it still has to learn that there is space.
    await host.clock.advance(1_000);
    expect(journal.full).toBe(true);
    await host.clock.advance(1_000);
    journal.assertSpace();
    expect(host.lines.map(({ event }) => event)).toEqual(["store.full", "store.has_space"]);
    await journal.append({ puts: [put("x")], whenFull: "refuse" }).committed;
  });

  it("tells whoever would wait for what is held, now or from now on, and keeps it all the same", async () => {
    const { journal, store, host, batches } = bench({ hasFeed: false });
    store.failCommits(1, "storage_full");
    const before = journal.append({ puts: [put("x")] });
    await expect(before.kept).rejects.toMatchObject({ code: "storage_full" });
    const meanwhile = journal.append({ puts: [put("y")] });
    await Promise.all([before, meanwhile].map(({ kept }) => expect(kept).rejects.toMatchObject({ code: "storage_full" })));
    expect(() => journal.append({ puts: [put("z")], whenFull: "refuse" })).toThrow(expect.objectContaining({ code: "storage_full" }));
    await host.clock.advance(1_000);
    await Promise.all([before, meanwhile].map(({ committed }) => committed));
    expect(batches.flatMap(({ puts = [] }) => puts.map(({ id }) => id))).toEqual(["x", "y"]);
    const after = journal.append({ puts: [put("z")] });
    await Promise.all([meanwhile, after].map(({ kept }) => kept));
    expect(host.lines.map(({ level, event }) => [level, event])).toEqual([
      ["warn", "store.full"],
      ["info", "store.has_space"],
    ]);
  });

  it("probes once at a time, so that no two commits give out the feed's seqs", async () => {
    const { journal, store, host, batches } = bench();
    const note = { type: "test.event", payload: {} } as const;
    store.failCommits(4, "storage_full");
    await expect(journal.append({ puts: [put("x")], whenFull: "refuse" }).committed).rejects.toMatchObject({ code: "storage_full" });
    store.holdCommits();
    const pass = async (ms: number): Promise<void> => {
      await host.clock.advance(ms);
      store.releaseCommits(1);
      await host.clock.advance(0);
    };
    await host.clock.advance(1_000);
    // The probe, of nothing, is under way and will be refused.
    const first = journal.append({ feed: [note, note] });
    await pass(0);
    await pass(500);
    await host.clock.advance(500);
    const second = journal.append({ feed: [note] });
    await host.clock.advance(500);
    for (let turn = 0; turn < 6; turn += 1) await pass(1_000);
    await Promise.all([first.committed, second.committed]);
    expect(batches.flatMap(({ appends = [] }) => appends.flatMap(({ events }) => events.map(({ seq }) => seq)))).toEqual([1, 2, 3]);
  });

  it("keeps a refusable step that one whose effect has happened builds on, and no other", async () => {
    const { journal, store, host, batches } = bench();
    store.failCommits(1, "storage_full");
    const first = journal.append({ puts: [put("x")], whenFull: "refuse" });
    const stranger = journal.append({ puts: [put("y")], whenFull: "refuse" });
    const second = journal.append({ puts: [put("x", 1)], whenFull: "refuse" });
    const happened = journal.append({ puts: [put("x", 2)] });
    const after = journal.append({ puts: [put("x", 3)], whenFull: "refuse" });
    await Promise.all([stranger, after].map(({ committed }) => expect(committed).rejects.toMatchObject({ code: "storage_full" })));
    await host.clock.advance(1_000);
    await Promise.all([first, second, happened].map(({ committed }) => committed));
    expect(batches.flatMap(({ puts = [] }) => puts.map(({ id, expectedRevision }) => [id, expectedRevision]))).toEqual([
      ["x", 0],
      ["x", 1],
      ["x", 2],
    ]);
  });

  it("refuses what happened in a stream that was never begun, also where another stream has a part in it", async () => {
    const { journal, store, host, batches } = bench();
    store.failCommits(1, "storage_full");
    const begun = journal.append({ appends: [event("b")], whenFull: "refuse" });
    const both = journal.append({ appends: [event("a"), event("b")] });
    await Promise.all([begun, both].map(({ committed }) => expect(committed).rejects.toMatchObject({ code: "storage_full" })));
    await host.clock.advance(1_000);
    expect(seqs(batches, "b")).toEqual([]);
  });

  it("leaves no hole in a stream that goes on when a step of two streams is refused for the other's sake", async () => {
    const { journal, store, host, batches } = bench();
    await journal.append({ appends: [event("a")] }).committed;
    store.failCommits(1, "storage_full");
    const begun = journal.append({ appends: [event("b")], whenFull: "refuse" });
    const both = journal.append({ appends: [event("a"), event("b")] });
    const goesOn = journal.append({ appends: [event("a")] });
    await Promise.all([begun, both].map(({ committed }) => expect(committed).rejects.toMatchObject({ code: "storage_full" })));
    await host.clock.advance(1_000);
    expect(await goesOn.committed).toBe(3);
    expect(await journal.append({ appends: [event("a")] }).committed).toBe(4);
    expect([seqs(batches, "a"), seqs(batches, "b")]).toEqual([[1, 2, 3, 4], []]);
  });

  it.for([
    ["a", "b"],
    ["b", "a"],
  ] as const)("begins no stream with the warning that another one gets (%s, %s)", async (streams) => {
    const { journal, store, host, batches } = bench();
    await journal.append({ appends: [event("a")] }).committed;
    store.failCommits(1, "storage_full");
    const step = { appends: streams.map((stream) => event(stream)), whenFull: "refuse" } as const;
    await expect(journal.append(step).committed).rejects.toMatchObject({ code: "storage_full" });
    await host.clock.advance(1_000);
    expect(await journal.append({ appends: [event("a")] }).committed).toBe(3);
    expect([seqs(batches, "a"), seqs(batches, "b")]).toEqual([[1, 2, 3], []]);
  });

  it("leaves a warning in the place of a refused event", async () => {
    const { journal, store, host, batches } = bench();
    await journal.append({ appends: [event("a")] }).committed;
    store.failCommits(1, "storage_full");
    await expect(journal.append({ appends: [event("a")], whenFull: "refuse" }).committed).rejects.toThrow();
    await host.clock.advance(1_000);
    expect(batches.at(-1)?.appends?.[0]?.events[0]).toMatchObject({ seq: 2, type: "system.notice", payload: { level: "warning" } });
  });

  it("commits one batch at a time when there is some again", async () => {
    const { journal, store, host, batches } = bench();
    store.failCommits(1, "storage_full");
    const steps = [journal.append({ appends: [event("a")] })];
    await host.clock.advance(0);
    store.holdCommits();
    await host.clock.advance(1_000);
    steps.push(journal.append({ appends: [event("a")] }));
    store.releaseCommits(1);
    await host.clock.advance(0);
    // There is space, and the second batch is under way: the third has to wait for it.
    steps.push(journal.append({ appends: [event("a")] }));
    await host.clock.advance(0);
    expect(store.held).toBe(1);
    store.releaseCommits();
    expect(await Promise.all(steps.map(({ committed }) => committed))).toEqual([1, 2, 3]);
    expect(seqs(batches, "a")).toEqual([1, 2, 3]);
  });
});

describe("a journal whose store is lost", () => {
  it("tells why, whatever the store threw", async () => {
    const { journal, store, failures } = bench();
    const cause = new Error("no such device");
    store.commit = () => Promise.reject(cause);
    const steps = [journal.append({ appends: [event("a")] }), journal.append({ appends: [event("b")] })];
    for (const { committed } of steps) await expect(committed).rejects.toMatchObject({ code: "store_failed", cause });
    expect(failures).toEqual([expect.objectContaining({ code: "store_failed", cause })]);
    await journal.settled();
    await expect(journal.stored()).rejects.toMatchObject({ code: "store_failed", cause });
  });
});
