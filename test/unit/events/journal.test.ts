import { describe, expect, it } from "vitest";
import type { StreamEvent } from "../../../lib/events/event.js";
import { feedStream, Journal } from "../../../lib/events/journal.js";
import { joinSteps } from "../../../lib/events/join-steps.js";
import type { Step, StreamOwner } from "../../../lib/events/step.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { AnodeError } from "../../../lib/errors.js";
import { defaultLimits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { proveReplayToLive } from "../../support/proofs/replay-to-live.js";
import { lastSeqOf } from "../../support/buffer-readers.js";

function bench(owner?: StreamOwner) {
  const host = createTestHost();
  const store = createFaultyStore(createMemoryStore());
  const buffer = createRingBuffer(defaultLimits);
  const failures: AnodeError[] = [];
  const journal = new Journal({ store, buffer, host, limits: defaultLimits, onFailed: (error) => failures.push(error) });
  journal.open(feedStream, 0);
  journal.open("a", 0, owner);
  journal.open("b", 0);
  return { host, store, buffer, journal, failures };
}

const draft = (stream: string, n: number) => ({ stream, type: "test.event", payload: { n } });
const fed = (n: number) => ({ type: "test.fed", payload: { n } });
const seqsIn = async (store: ReturnType<typeof createFaultyStore>, stream: string): Promise<number[]> => {
  const { lines } = await store.read(stream, 0, 1 << 24);
  return new TextDecoder()
    .decode(lines)
    .split("\n")
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as StreamEvent).seq);
};

describe("Journal", () => {
  it("numbers each stream without a hole in the order of the calls, and commits what waits as one batch", async () => {
    const { journal, store } = bench();
    const steps = Array.from({ length: 100 }, (_, n) => journal.append({ appends: [draft(n % 3 === 0 ? "b" : "a", n)], feed: [fed(n)] }));
    await Promise.all(steps.map((step) => step.committed));
    expect(await seqsIn(store, "a")).toEqual(Array.from({ length: 66 }, (_, i) => i + 1));
    expect(await seqsIn(store, "b")).toEqual(Array.from({ length: 34 }, (_, i) => i + 1));
    expect(await seqsIn(store, feedStream)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(store.calls.commit).toBe(1);
  });

  it("gathers while a commit is under way, and shows an event only after its commit", async () => {
    const { journal, store, buffer } = bench();
    store.holdCommits();
    const first = journal.append({ appends: [draft("a", 1)] });
    await Promise.resolve();
    const rest = [2, 3, 4].map((n) => journal.append({ appends: [draft("a", n)] }));
    expect(lastSeqOf(buffer, "a")).toBe(0);
    store.releaseCommits(1);
    await first.committed;
    expect(lastSeqOf(buffer, "a")).toBe(1);
    store.releaseCommits();
    await Promise.all(rest.map((step) => step.committed));
    expect([lastSeqOf(buffer, "a"), store.calls.commit]).toEqual([4, 2]);
  });

  it("refuses a step its owner refuses, and gives it no seq", async () => {
    const { journal, store } = bench({
      fold(_type, payload) {
        if (payload["n"] === 2) throw new AnodeError("run_finished", "no");
        return { status: "running" };
      },
    });
    journal.append({ appends: [draft("a", 1)] });
    expect(() => journal.append({ appends: [draft("a", 2)] })).toThrow("no");
    await journal.append({ appends: [draft("a", 3)] }).committed;
    expect(await seqsIn(store, "a")).toEqual([1, 2]);
  });

  it("holds what has happened while there is no space, refuses the rest, and leaves no hole in the feed", async () => {
    const { journal, store, host } = bench();
    store.failCommits(2, "storage_full");
    const held = journal.append({ appends: [draft("a", 1)], feed: [fed(1)] });
    const refused = journal.append({ appends: [draft("b", 1)], feed: [fed(2)], whenFull: "refuse" });
    await expect(refused.committed).rejects.toMatchObject({ code: "storage_full" });
    expect(journal.full).toBe(true);
    expect(() => journal.append({ appends: [draft("b", 2)], whenFull: "refuse" })).toThrow("no space");
    const later = journal.append({ appends: [draft("a", 2)], feed: [fed(3)] });
    await host.clock.advance(1000);
    expect(journal.full).toBe(true);
    await host.clock.advance(1000);
    await Promise.all([held.committed, later.committed]);
    expect(journal.full).toBe(false);
    expect([await seqsIn(store, "a"), await seqsIn(store, "b"), await seqsIn(store, feedStream)]).toEqual([[1, 2], [], [1, 2]]);
  });

  it("goes on from a step when it is durable, or with what refused it, before those who wait for its promise", async () => {
    const { journal, store } = bench();
    const heard: string[] = [];
    const step = (name: string, put: object = {}): Step => ({
      appends: [draft("a", 1)],
      ...put,
      settled: (refusal) => heard.push(`${name} ${refusal instanceof AnodeError ? refusal.code : String(refusal)}`),
    });
    const overtaken = { puts: [{ collection: "c", id: "x", record: {}, expectedRevision: 7 }] };
    store.holdCommits();
    const { committed } = journal.append(joinSteps(step("one"), step("two")));
    const told = committed.then(() => heard.push("promise"));
    expect(heard).toEqual([]);
    store.releaseCommits();
    await told;
    await journal.append(step("three", overtaken)).committed.catch(() => {});
    store.failCommits(1, "store_failed");
    await journal.append(step("four")).committed.catch(() => {});
    expect(heard).toEqual(["one undefined", "two undefined", "promise", "three stale_commit", "four store_failed"]);
  });

  it("refuses only the step that met an overtaken record", async () => {
    const { journal, store } = bench();
    await store.commit({ puts: [{ collection: "c", id: "x", record: {}, expectedRevision: 0 }] });
    const good = journal.append({ appends: [draft("a", 1)], feed: [fed(1)] });
    const bad = journal.append({ puts: [{ collection: "c", id: "x", record: {}, expectedRevision: 0 }], feed: [fed(2)] });
    const also = journal.append({ appends: [draft("b", 1)], feed: [fed(3)] });
    await expect(bad.committed).rejects.toMatchObject({ code: "stale_commit" });
    await Promise.all([good.committed, also.committed]);
    expect([await seqsIn(store, "a"), await seqsIn(store, "b"), await seqsIn(store, feedStream)]).toEqual([[1], [1], [1, 2]]);
  });

  it("loses none of the steps that are tried alone when the space runs out among them", async () => {
    const { journal, store, host } = bench();
    await store.commit({ puts: [{ collection: "c", id: "x", record: {}, expectedRevision: 0 }] });
    store.holdCommits();
    const bad = journal.append({ puts: [{ collection: "c", id: "x", record: {}, expectedRevision: 0 }] });
    const good = [1, 2, 3].map((n) => journal.append({ appends: [draft(n === 2 ? "b" : "a", n)] }));
    await host.clock.advance(0);
    store.releaseCommits(1);
    await host.clock.advance(0);
    // The overtaken step is tried alone now; the one after it meets a full disk.
    store.failCommits(1, "storage_full");
    store.releaseCommits();
    await expect(bad.committed).rejects.toMatchObject({ code: "stale_commit" });
    await host.clock.advance(1000);
    await Promise.all(good.map((step) => step.committed));
    expect([await seqsIn(store, "a"), await seqsIn(store, "b")]).toEqual([[1, 2], [1]]);
  });

  it("refuses what follows in a stream whose first event was refused, and leaves a notice where a stream goes on", async () => {
    const { journal, store, host } = bench();
    await journal.append({ appends: [draft("a", 1)] }).committed;
    store.failCommits(1, "storage_full");
    const begun = journal.append({ appends: [draft("b", 1)], whenFull: "refuse" });
    const inside = journal.append({ appends: [draft("a", 2)], whenFull: "refuse" });
    const after = [journal.append({ appends: [draft("b", 2)] }), journal.append({ appends: [draft("a", 3)] })] as const;
    for (const refused of [begun, inside, after[0]]) await expect(refused.committed).rejects.toMatchObject({ code: "storage_full" });
    await host.clock.advance(1000);
    expect(await after[1].committed).toBe(3);
    expect([await seqsIn(store, "a"), await seqsIn(store, "b")]).toEqual([[1, 2, 3], []]);
    const { lines } = await store.read("a", 1, 1);
    expect(JSON.parse(new TextDecoder().decode(lines))).toMatchObject({ type: "system.notice", payload: { code: "storage_full" } });
  });

  it("acknowledges nothing any more once the store is lost", async () => {
    const { journal, store, failures } = bench();
    store.failCommits(1, "store_failed");
    const step = journal.append({ appends: [draft("a", 1)] });
    await expect(step.committed).rejects.toMatchObject({ code: "store_failed" });
    expect(() => journal.append({ appends: [draft("a", 2)] })).toThrow();
    expect(failures).toHaveLength(1);
  });
});

describe("a cursor", () => {
  it("misses nothing, repeats nothing and sleeps on nothing between replay and live, under any interleaving", () =>
    proveReplayToLive({ buffer: () => createRingBuffer(defaultLimits) }));
});
