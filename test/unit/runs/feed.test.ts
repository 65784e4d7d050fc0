import { describe, expect, it, onTestFinished } from "vitest";
import type { Caller } from "../../../lib/caller.js";
import { AnodeError } from "../../../lib/errors.js";
import { plainRules } from "../../../lib/events/feed-filter.js";
import { eventsOfLines } from "../../../lib/events/frame.js";
import { feedStream } from "../../../lib/events/journal.js";
import type { FeedDraft } from "../../../lib/events/step.js";
import type { FeedOptions } from "../../../lib/runs/feed.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../../lib/runs/options.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { openManager, untilAborted } from "../../support/manager.js";

/** A manager with a clock that stands still, and a way to say something on its feed. */
async function subject(options: RunManagerOptions = {}) {
  const host = createTestHost();
  const manager = await openManager(untilAborted, { host, ...options });
  return {
    host,
    manager,
    async say(count: number, type = "test.event", parts: { peer_id?: string; circle?: string } = {}): Promise<void> {
      const { peer_id, circle } = parts;
      const payload = circle === undefined ? {} : { circle };
      const feed = Array.from({ length: count }, () => ({ type, payload, ...(peer_id !== undefined && { peer_id }) }) as FeedDraft);
      await manager.journal.append({ feed }).committed;
    },
    /** The seqs of a page, and what stands beside it. */
    async page(given: FeedOptions = {}, limit = 100) {
      const { events, ...rest } = await (await manager.feed.open(given)).page(limit);
      return { seqs: events.map(({ seq, type }) => (type === "system.gap" ? "gap" : seq)), ...rest };
    },
    /** The text of a stream as it grows, until it is left. */
    async stream(given: FeedOptions = {}, form: "sse" | "ndjson" = "sse") {
      const reading = (await manager.feed.open(given))[form]();
      let text = "";
      const done = (async () => {
        for await (const bytes of reading) text += new TextDecoder().decode(bytes);
      })();
      onTestFinished(async () => void (await reading.return?.()));
      return {
        text: () => text,
        done,
        leave: () => reading.return?.(),
        ids: () => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
      };
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the place a reader of the feed begins at", () => {
  it("is behind its cursor, else before its tail, else the oldest event", async () => {
    const { say, page } = await subject();
    await say(5);
    expect(await page()).toEqual({ seqs: [1, 2, 3, 4, 5], first_seq: 1, last_seq: 5, next_after: 5 });
    expect((await page({ after: 3 })).seqs).toEqual([4, 5]);
    expect((await page({ tail: 2 })).seqs).toEqual([4, 5]);
    expect((await page({ tail: 0 })).seqs).toEqual([]);
    expect((await page({ tail: 900 })).seqs).toEqual([1, 2, 3, 4, 5]);
    expect((await page({ after: 1, tail: 1 })).seqs).toEqual([2, 3, 4, 5]);
    expect((await page({ after: 5 })).seqs).toEqual([]);
  });

  it("cannot be ahead of the newest event, which the refusal names", async () => {
    const { manager, say } = await subject();
    await say(5);
    await expect(manager.feed.open({ after: 6 })).rejects.toMatchObject({ code: "cursor_ahead", details: { last_seq: 5 } });
  });

  it("in an empty feed is its beginning", async () => {
    const { page, manager } = await subject();
    expect(await page()).toEqual({ seqs: [], first_seq: 0, last_seq: 0, next_after: 0 });
    expect((await page({ tail: 3, after: 0 })).seqs).toEqual([]);
    await expect(manager.feed.open({ after: 1 })).rejects.toMatchObject({ code: "cursor_ahead", details: { last_seq: 0 } });
  });
});

describe("a page of the feed", () => {
  it("has at most so many events, and says where the next one begins", async () => {
    const { say, page } = await subject();
    await say(5);
    expect(await page({}, 2)).toMatchObject({ seqs: [1, 2], last_seq: 5, next_after: 2 });
    expect(await page({ after: 2 }, 2)).toMatchObject({ seqs: [3, 4], next_after: 4 });
  });

  it("of a filter has what the filter keeps, however far that is, and goes on behind what was looked at", async () => {
    const { say, page } = await subject();
    for (let round = 0; round < 40; round += 1) {
      await say(99);
      await say(1, "wanted");
    }
    expect(await page({ types: ["wanted"] }, 2)).toMatchObject({ seqs: [100, 200], next_after: 200 });
    expect(await page({ types: ["wanted"], after: 3_900 }, 2)).toMatchObject({ seqs: [4_000], next_after: 4_000 });
    expect(await page({ types: ["nobody"] }, 2)).toMatchObject({ seqs: [], next_after: 4_000 });
  });

  it("below what is kept begins with one gap that names the range", async () => {
    const { say, manager, page, stream } = await subject({
      limits: { feedEventsInMemory: 20 },
      store: createMemoryStore({ limits: { feedEventsInMemory: 20 } }),
    });
    for (let round = 0; round < 10; round += 1) await say(5);
    const { first_seq, seqs } = await page({ after: 3 });
    expect(first_seq).toBeGreaterThan(30);
    expect(seqs.slice(0, 2)).toEqual(["gap", first_seq]);
    expect(seqs.filter((seq) => seq === "gap")).toHaveLength(1);
    const { events } = await (await manager.feed.open({ after: 3 })).page(1);
    expect(events).toMatchObject([{ type: "system.gap", seq: first_seq - 1, payload: { from_seq: 4, to_seq: first_seq - 1 } }]);
    // Without a cursor nothing is missing, for nothing was seen.
    expect((await page()).seqs[0]).toBe(first_seq);
    // A gap is for everybody: a filter must not hide that events are gone.
    expect((await page({ after: 3, types: ["nobody"] })).seqs).toEqual(["gap"]);
    const filtered = await stream({ after: 3, types: ["nobody"], follow: false });
    await filtered.done;
    expect(filtered.ids()).toEqual([first_seq - 1, 50]);
    expect(filtered.text()).toContain(`"payload":{"from_seq":4,"to_seq":${first_seq - 1},"reason":"trimmed"}`);
  });
});

describe("a stream of the feed", () => {
  it("replays, follows, and says that it lives after each 15 s of silence", async () => {
    const { say, stream, host } = await subject();
    await say(2);
    const { text, ids } = await stream();
    await host.clock.advance(0);
    expect(text().startsWith("retry: 1000\n\nid: 1\ndata: {")).toBe(true);
    await say(1);
    await host.clock.advance(0);
    expect(ids()).toEqual([1, 2, 3]);
    expect(text()).not.toContain("ping");
    await host.clock.advance(15_000);
    expect(text().endsWith("\n\n: ping\n\n")).toBe(true);
    expect(text()).not.toContain("event:");
    expect(text()).not.toContain('"status"');
  });

  it("of a tail says first where it begins, so that a reader that has seen nothing yet comes back to the same place", async () => {
    const { say, stream, host } = await subject();
    await say(4);
    const { text, ids } = await stream({ tail: 0 });
    await host.clock.advance(0);
    expect(ids()).toEqual([4]);
    expect(text()).toBe("retry: 1000\n\n: ping\nid: 4\n\n");
    await say(1);
    await host.clock.advance(0);
    expect(ids()).toEqual([4, 5]);
  });

  it("of a filter jumps, and its heartbeat says how far it has looked, also while others talk all the time", async () => {
    const { say, stream, host } = await subject();
    const { text, ids } = await stream({ types: ["wanted"] });
    await say(3);
    await say(1, "wanted");
    await host.clock.advance(0);
    expect(ids()).toEqual([4]);
    for (let second = 0; second < 15; second += 1) {
      await host.clock.advance(1_000);
      await say(1);
    }
    await host.clock.advance(1_000);
    expect(text().endsWith("\n\n: ping\nid: 18\n\n")).toBe(true);
    expect(ids()).toEqual([4, 18]);
  });

  it("of a filter that does not follow ends with how far it has looked", async () => {
    const { say, stream } = await subject();
    await say(1, "wanted");
    await say(5);
    const { ids, done } = await stream({ types: ["wanted"], follow: false });
    await done;
    expect(ids()).toEqual([1, 6]);
  });

  it("as JSON lines is the same events", async () => {
    const { say, stream, host, manager } = await subject();
    await say(3);
    const [all, few] = [await stream({}, "ndjson"), await stream({ types: ["test.event"], after: 1 }, "ndjson")];
    await host.clock.advance(0);
    const { events } = await (await manager.feed.open()).page(10);
    const plain = (event: object): unknown => JSON.parse(JSON.stringify(event));
    expect(eventsOfLines(new TextEncoder().encode(all.text()))).toEqual(events.map(plain));
    expect(eventsOfLines(new TextEncoder().encode(few.text()))).toEqual(events.slice(1).map(plain));
    await host.clock.advance(15_000);
    expect(all.text().endsWith("}\n\n")).toBe(true);
  });

  it("gives readers without a filter the very same bytes", async () => {
    const { say, manager } = await subject();
    await say(3);
    const readings = await Promise.all([1, 2].map(async () => (await manager.feed.open({ after: 0 })).sse()));
    for (const reading of readings) await reading.next();
    const [one, other] = [await readings[0]?.next(), await readings[1]?.next()];
    expect(other?.value).toBe(one?.value);
    for (const reading of readings) await reading.return?.();
  });

  it("as objects is what an embedding application reads", async () => {
    const { say, manager } = await subject();
    await say(2);
    const seen: number[] = [];
    for await (const { seq } of manager.feed.events({ follow: false })) seen.push(seq);
    for await (const { seq } of manager.feed.events({ follow: false, types: ["nobody"] })) seen.push(seq);
    expect(seen).toEqual([1, 2]);
  });

  it("ends when its reader leaves, and leaves no timer and no reader behind", async () => {
    const { stream, host, manager } = await subject();
    const before = host.clock.pending;
    const { leave, done } = await stream();
    await host.clock.advance(1);
    expect((await manager.stats()).readers).toBe(1);
    await leave();
    await done;
    expect([(await manager.stats()).readers, host.clock.pending]).toEqual([0, before]);
  });

  it("ends when the manager closes, after the ends of its runs", async () => {
    const { stream, host, manager } = await subject();
    const { id } = await manager.start({ prompt: "x" });
    const { text, done } = await stream();
    await host.clock.advance(0);
    const closing = manager.close();
    await host.clock.advance(100);
    await closing;
    await done;
    expect([...text().matchAll(/"to":"(\w+)"/g)].map(([, to]) => to)).toEqual(["queued", "running", "interrupted"]);
    expect(text()).toContain(id);
  });

  it("ends in order although nothing was ever said since the store was opened", async () => {
    const store = createMemoryStore();
    const lasting: Store = {
      supports: store.supports,
      commit: store.commit,
      read: store.read,
      get: store.get,
      list: store.list,
      count: store.count,
      usage: store.usage,
      close: async () => {},
    };
    const first = await subject({ store: lasting });
    await first.say(3);
    await first.manager.close();
    // Without executors to close, the store is closed at once.
    const manager = new RunManager({ store: { ...lasting, close: () => store.close() } });
    await manager.open();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of manager.feed.events({ after: 1 })) seen.push(seq);
    })();
    while (seen.length < 2) await turn();
    await manager.close();
    await reading;
    expect(seen).toEqual([2, 3]);
  });
});

describe("readers of the feed", () => {
  it("are counted with those of runs, and bounded with them", async () => {
    const { manager, stream, host } = await subject({ limits: { streams: 2 } });
    const { id } = await manager.start({ prompt: "x" });
    const run = manager.streams.sse(await manager.get(id), {});
    await run.next();
    const { leave } = await stream();
    await host.clock.advance(0);
    expect((await manager.stats()).readers).toBe(2);
    const full = { code: "too_many_streams", status: 503, retryAfterSeconds: 5 };
    const reader = await manager.feed.open();
    expect(() => reader.sse()).toThrow(expect.objectContaining(full));
    expect(() => reader.ndjson()).toThrow(expect.objectContaining(full));
    expect(() => manager.streams.assertRoom(id)).toThrow(expect.objectContaining(full));
    // A page holds nothing.
    expect((await reader.page(10)).events.length).toBeGreaterThan(0);
    await leave();
    expect(() => manager.streams.assertRoom(id)).not.toThrow();
    await run.return?.();
  });

  it("do not count as those of one run", async () => {
    const { manager } = await subject({ limits: { streamsPerRun: 1 } });
    const readings = await Promise.all([1, 2, 3].map(async () => (await manager.feed.open()).sse()));
    for (const reading of readings) expect((await reading.next()).done).toBe(false);
    for (const reading of readings) await reading.return?.();
  });
});

describe("who reads the feed", () => {
  const runCaller = (run_id: string): Caller => ({ id: `token:T`, door: "unix", scopes: ["read", "control"], run_id });

  it("sees of runs itself and what is below it, when it is a run", async () => {
    const host = createTestHost();
    const executor = functionExecutor(async ({ request, start, signal }) => {
      if (request.prompt === "parent") await start({ prompt: "child" });
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    });
    const manager = await openManager(executor, { host });
    const parent = await manager.start({ prompt: "parent" });
    const other = await manager.start({ prompt: "other" });
    await host.clock.advance(0);
    const [child] = (await manager.descendants(parent.id)).slice(1);
    const pageOf = async (caller: Caller) => (await (await manager.feed.open({ caller })).page(100)).events;
    const runsIn = (events: readonly { run_id?: string }[]) => new Set(events.map(({ run_id }) => run_id));
    expect(runsIn(await pageOf(runCaller(parent.id)))).toEqual(new Set([parent.id, child]));
    expect(runsIn(await pageOf(runCaller(other.id)))).toEqual(new Set([other.id]));
    // A child that starts while the stream is open is seen from its first event on.
    const seen: unknown[] = [];
    const reading = manager.feed.events({ caller: runCaller(other.id), tail: 0 });
    const next = reading.next();
    await turn();
    const late = await manager.start({ prompt: "late", parent_id: other.id });
    await manager.start({ prompt: "somebody's" });
    seen.push((await next).value, (await reading.next()).value);
    expect(seen).toMatchObject([
      { run_id: late.id, payload: { to: "queued" } },
      { run_id: late.id, payload: { to: "running" } },
    ]);
    await reading.return(undefined);
  });

  it("sees as a peer what is its own, or what whoever knows says", async () => {
    const { say, manager } = await subject();
    await say(1, "peer.turn", { peer_id: "peer-1" });
    await say(1, "peer.turn", { peer_id: "peer-2", circle: "dev" });
    const caller: Caller = { id: "token:T", door: "unix", scopes: ["read"], peer_id: "peer-1" };
    const seqsOf = async (given: FeedOptions) =>
      (await (await manager.feed.open({ caller, ...given })).page(9)).events.map(({ seq }) => seq);
    const rules = { ...plainRules, visible: () => true };
    expect(await seqsOf({})).toEqual([1]);
    expect(await seqsOf({ rules })).toEqual([1, 2]);
    expect(await seqsOf({ rules, circle: "dev" })).toEqual([2]);
  });

  it("is an approver of everything it may see, as long as it reads", async () => {
    const host = createTestHost();
    const asks = functionExecutor(
      async ({ ask }) => (await ask({ kind: "choice", scope: "tool_permission", prompt: "May I?" })).reason ?? "",
    );
    const manager = await openManager(asks, { host, approval: { unattended: "deny" } });
    const outcome = async (): Promise<string> => {
      const { id } = await manager.start({ prompt: "x" });
      await host.clock.advance(0);
      const { status, result } = await manager.get(id);
      return status === "waiting" ? id : String(result);
    };
    expect(await outcome()).toBe("no_approver");
    const reading = (await manager.feed.open({ approver: true })).sse();
    expect(await outcome()).toBe("no_approver");
    await reading.next();
    const waiting = await outcome();
    expect(waiting).toMatch(/^R-/);
    // A run approves for itself alone, a peer for nobody.
    await reading.return?.();
    const bound = [runCaller(waiting), { ...runCaller(waiting), run_id: undefined, peer_id: "peer-1" } as unknown as Caller];
    for (const caller of bound) {
      const narrow = (await manager.feed.open({ approver: true, caller })).sse();
      await narrow.next();
      expect(await outcome()).toBe("no_approver");
      await narrow.return?.();
    }
    await host.clock.advance(5_000);
    expect(await manager.get(waiting)).toMatchObject({ status: "completed", result: "no_approver" });
  });
});

describe("what is kept of the feed", () => {
  it("is the newest 10,000 events in a memory store, about", async () => {
    const { say, page } = await subject();
    for (let round = 0; round < 24; round += 1) await say(500);
    const { first_seq, last_seq } = await page({}, 1);
    expect(last_seq).toBe(12_000);
    expect(last_seq - first_seq + 1).toBeLessThanOrEqual(10_000);
    expect(last_seq - first_seq + 1).toBeGreaterThan(9_000);
  });

  it("is no older than its age: an hourly look lets the rest go", async () => {
    const hourMs = 3_600_000;
    const { say, page, host } = await subject({ limits: { feedMs: 5 * hourMs } });
    for (let round = 0; round < 4; round += 1) await say(500);
    await host.clock.advance(4 * hourMs);
    await say(300);
    expect((await page({}, 1)).first_seq).toBe(1);
    await host.clock.advance(2 * hourMs);
    const { first_seq, last_seq } = await page({}, 1);
    expect(last_seq).toBe(2_300);
    // Whole pieces go: of those that were old only the last may still be there.
    expect(first_seq).toBeGreaterThan(1_500);
    expect(first_seq).toBeLessThanOrEqual(2_001);
    await host.clock.advance(12 * hourMs);
    await say(1);
    expect((await page({}, 1)).last_seq).toBe(2_301);
  });

  it.for(["runs", "idempotency", "questions"])("does not pile up behind a damaged record among the %s", async (damaged) => {
    const store = createMemoryStore();
    const { say, page, host } = await subject({ store, limits: { feedMs: 1 } });
    await say(500);
    const { list } = store;
    store.list = async (collection, query) => {
      if (collection === damaged) throw new AnodeError("internal", "It is damaged.", { details: { collection, id: "x" } });
      return list(collection, query);
    };
    await host.clock.advance(3_600_000);
    expect((await page({}, 1)).first_seq).toBeGreaterThan(1);
  });

  it("goes on with its seq and its time when the store is opened again, though the clock was set back", async () => {
    const store = createMemoryStore();
    const lasting = { ...store, close: async () => {} };
    const first = await subject({ store: lasting });
    await first.host.clock.advance(60_000);
    await first.say(3);
    await first.manager.close();
    const manager = new RunManager({ store: lasting, host: createTestHost() });
    await manager.open();
    onTestFinished(() => manager.close());
    await manager.journal.append({ feed: [{ type: "test.event", payload: {} }] }).committed;
    const events = eventsOfLines((await store.read(feedStream, 0, 1 << 20)).lines);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(events[3]?.time).toBe(events[2]?.time);
  });
});
