import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { asEvents, asFrames, follow, type FollowedStream, type FollowOptions, type PageForm } from "../../../lib/events/cursor.js";
import { createEvent } from "../../../lib/events/encode.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { frameText } from "../../../lib/events/frame.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { defaultLimits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { StreamPage } from "../../../lib/store/store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";
import { lastSeqOf, withReaders } from "../../support/buffer-readers.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const form = asFrames(() => bytes("gap"));

/** One stream with a buffer and a store; `publish` commits an event and wakes its readers. */
function bench() {
  const buffer = createRingBuffer(defaultLimits);
  const store = createMemoryStore();
  const clock = createManualClock();
  let seq = 0;
  let ended = false;
  const stream = { name: "a", buffer, store, ended: () => ended, gap: () => Promise.reject(new Error("a gap")) };
  return {
    clock,
    buffer,
    follow: (options: Partial<FollowOptions<Uint8Array>> = {}) =>
      follow(stream, form, { after: 0, follow: true, signal: new AbortController().signal, ...options }),
    async publish() {
      seq += 1;
      const event = createEvent({ seq, type: "test.event", time: "2026-01-02T03:04:05.678Z", payload: {} });
      await store.commit({ appends: [{ stream: "a", expectedSeq: seq - 1, events: [event] }] });
      buffer.publish("a", [event]);
    },
    end() {
      ended = true;
      buffer.wake("a");
    },
  };
}

describe("follow", () => {
  it("passes a heartbeat on after each silence, counted from the last value, with one timer at a time", async () => {
    const { clock, follow: read, publish, end } = bench();
    const ping = bytes("ping");
    const got: string[] = [];
    const reading = (async () => {
      for await (const value of read({ heartbeat: { ms: 100, clock, value: () => ping } }))
        got.push(`${clock.monotonic()} ${value === ping}`);
    })();
    await clock.advance(60);
    await publish();
    await clock.advance(30);
    await publish();
    // Silent since 90: the timer of the first sleep must not speak for this one.
    await clock.advance(99);
    expect(got).toEqual(["60 false", "90 false"]);
    await clock.advance(101);
    expect(got.slice(2)).toEqual(["190 true", "290 true"]);
    expect(clock.pending).toBe(1);
    end();
    await reading;
    expect(clock.pending).toBe(0);
  });

  it("ends a call that waits when it is returned, and counts as a reader from the first call until then", async () => {
    const { clock, buffer, follow: read } = bench();
    const seen: string[] = [];
    const attend = (): (() => void) => {
      seen.push("came");
      return () => void seen.push("left");
    };
    const reading = read({ attend, opening: bytes("hello"), heartbeat: { ms: 100, clock, value: () => bytes("ping") } });
    expect([seen, buffer.readers("a")]).toEqual([[], 0]);
    expect(await reading.next()).toEqual({ done: false, value: bytes("hello") });
    const waiting = reading.next();
    await clock.advance(50);
    expect([seen, buffer.readers("a"), clock.pending]).toEqual([["came"], 1, 1]);
    await reading.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect([seen, buffer.readers("a"), clock.pending]).toEqual([["came", "left"], 0, 0]);
  });

  it("reads nothing and counts nobody when it is returned before the first call", async () => {
    const { buffer, follow: read, publish } = bench();
    await publish();
    const seen: string[] = [];
    const reading = read({ attend: () => (seen.push("came"), () => {}) });
    await reading.return();
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect([seen, buffer.readers("a")]).toEqual([[], 0]);
  });

  it("tells whoever pulls in the very call that brings the value, or the end, and nobody unasked", async () => {
    const { buffer, follow: read, end } = bench();
    const told: string[] = [];
    const reading = read();
    const pull = (): void =>
      reading.pull(
        ({ done, value }) => void told.push(done ? "the end" : (/^id: \d+/.exec(new TextDecoder().decode(value))?.[0] ?? "no id")),
        (error) => void told.push(String(error)),
      );
    pull();
    await nextTurn();
    expect(told).toEqual([]);
    buffer.publish("a", [eventOf(1)]);
    expect(told).toEqual(["id: 1"]);
    buffer.publish("a", [eventOf(2)]);
    expect(told).toEqual(["id: 1"]);
    pull();
    expect(told).toEqual(["id: 1", "id: 2"]);
    pull();
    end();
    expect(told).toEqual(["id: 1", "id: 2", "the end"]);
  });

  it("leaves when a read fails", async () => {
    const { buffer } = bench();
    const broken = { ...createMemoryStore(), read: () => Promise.reject(new Error("no disk")) };
    const stream = { name: "a", buffer, store: broken, ended: () => false, gap: () => Promise.reject(new Error("a gap")) };
    const reading = follow(stream, form, { after: 0, follow: true, signal: new AbortController().signal });
    await expect(reading.next()).rejects.toThrow("no disk");
    expect(buffer.readers("a")).toBe(0);
  });

  it("gives readers that are level with each other the same bytes", async () => {
    const { follow: read, publish } = bench();
    await publish();
    const [one, other] = [await read().next(), await read().next()];
    expect(one.value).toBeInstanceOf(Uint8Array);
    expect(other.value).toBe(one.value);
    await publish();
    expect((await read().next()).value).not.toBe(one.value);
    expect(new TextDecoder().decode((await read({ after: 1 }).next()).value)).toMatch(/^id: 2\n/);
  });
});

const time = "2026-01-02T03:04:05.678Z";
const eventOf = (seq: number, text = ""): StreamEvent => createEvent({ seq, type: "note", time, payload: { text } });
const eventsOf = (from: number, to: number, text?: string): StreamEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => eventOf(from + index, text));
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function world(change: Partial<FollowedStream> = {}) {
  const buffer = createRingBuffer(defaultLimits);
  const store = createFaultyStore(createMemoryStore());
  const leave = new AbortController();
  const clock = createManualClock();
  const stream: FollowedStream = {
    name: "a",
    buffer,
    store,
    ended: () => false,
    gap: (from, to) => createEvent({ seq: to, type: "system.gap", time, payload: { from, to } }),
    ...change,
  };
  return {
    buffer,
    store,
    leave,
    clock,
    stream,
    /** Commits events and shows them, as the journal does. */
    async write(events: readonly StreamEvent[]): Promise<void> {
      await store.commit({ appends: [{ stream: "a", expectedSeq: (events[0]?.seq ?? 1) - 1, events }] });
      buffer.publish("a", events);
    },
    /** Starts a reader and answers what it has got, which grows. */
    read<Value>(form: PageForm<Value>, options: Partial<FollowOptions<Value>> = {}) {
      const got: Value[] = [];
      const done = (async () => {
        for await (const value of follow(stream, form, { after: 0, follow: true, signal: leave.signal, ...options })) got.push(value);
      })();
      return { got, done };
    },
  };
}

const seqs = (pages: readonly (readonly StreamEvent[])[]): number[][] => pages.map((page) => page.map(({ seq }) => seq));
const text = (bytes: readonly Uint8Array[]): string => bytes.map((part) => new TextDecoder().decode(part)).join("");
const frames = asFrames((gap) => new TextEncoder().encode(frameText(gap)));

describe("a cursor that does not follow", () => {
  it.each([true, false])("gives what is after it, as events or as frames, and ends; from the buffer: %s", async (held) => {
    const { write, buffer, store, read } = world();
    await write(eventsOf(1, 5));
    if (!held) buffer.release("a");
    const [asObjects, asBytes] = [read(asEvents, { after: 2, follow: false }), read(frames, { after: 2, follow: false })];
    await Promise.all([asObjects.done, asBytes.done]);
    expect(asObjects.got.flat().map((event) => ({ ...event }))).toEqual(eventsOf(3, 5).map((event) => ({ ...event })));
    expect(text(asBytes.got)).toBe(eventsOf(3, 5).map(frameText).join(""));
    // A reader that is up to date with the buffer asks the store nothing.
    expect(store.calls.read > 0).toBe(!held);
  });

  it("gives pages of a bounded size, and nothing twice", async () => {
    const { write, read } = world();
    await write(eventsOf(1, 1200));
    const { got, done } = read(asEvents, { follow: false });
    await done;
    expect(seqs(got).flat()).toEqual(eventsOf(1, 1200).map(({ seq }) => seq));
    expect(got.length).toBeGreaterThan(2);
    expect(Math.max(...got.map(({ length }) => length))).toBeLessThanOrEqual(512);
  });

  it.each([
    { from: "buffer", held: true, least: 32, most: 160 },
    { from: "store", held: false, least: 200, most: 300 },
  ])("gives frames in pages of $least to $most KiB out of the $from", async ({ held, least, most }) => {
    const { write, buffer, read } = world();
    for (let seq = 1; seq <= 40; seq += 1) await write([eventOf(seq, "x".repeat(16 * 1024))]);
    if (!held) buffer.release("a");
    const { got, done } = read(frames, { follow: false });
    await done;
    expect(text(got)).toBe(
      eventsOf(1, 40, "x".repeat(16 * 1024))
        .map(frameText)
        .join(""),
    );
    const largest = Math.max(...got.map(({ length }) => length));
    expect(largest).toBeLessThan(most * 1024);
    expect(largest).toBeGreaterThan(least * 1024);
  });

  it("reads the next page of the store while one is passed on, each page once", async () => {
    const { write, buffer, store, stream, leave } = world();
    for (let seq = 1; seq <= 20; seq += 1) await write([eventOf(seq, "x".repeat(16 * 1024))]);
    buffer.release("a");
    const reading = follow(stream, frames, { after: 0, follow: false, signal: leave.signal });
    await reading.next();
    expect(store.calls.read).toBe(2);
    let pages = 1;
    for await (const _ of reading) pages += 1;
    // The last read came back empty.
    expect(store.calls.read).toBe(pages + 1);
  });

  it("fails by a page that cannot be read when it comes to it, not before", async () => {
    const { write, buffer, store, leave, stream } = world();
    for (let seq = 1; seq <= 20; seq += 1) await write([eventOf(seq, "x".repeat(16 * 1024))]);
    buffer.release("a");
    const read: typeof store.read = (name, after, limit) =>
      after === 0 ? store.read(name, after, limit) : Promise.reject(new Error("no disk"));
    const reading = follow({ ...stream, store: { ...store, read } }, frames, { after: 0, follow: false, signal: leave.signal });
    expect((await reading.next()).done).toBe(false);
    await nextTurn();
    await expect(reading.next()).rejects.toThrow("no disk");
  });

  it.each([5, 7])("at or beyond the newest event, at %i, gives nothing and reads nothing", async (after) => {
    const { write, store, read } = world();
    await write(eventsOf(1, 5));
    const { got, done } = read(asEvents, { after, follow: false });
    await done;
    expect([got, store.calls.read]).toEqual([[], 0]);
  });

  it("passes a heartbeat to nobody", async () => {
    const { read, clock } = world();
    const { got, done } = read(asEvents, { follow: false, heartbeat: { ms: 10, clock, value: () => [] } });
    await done;
    expect([got, clock.pending]).toEqual([[], 0]);
  });
});

describe("a cursor before what is gone", () => {
  const page = (part: Partial<StreamPage>): StreamPage => ({
    lines: new Uint8Array(0),
    fromSeq: 0,
    toSeq: 0,
    firstSeq: 0,
    lastSeq: 0,
    ...part,
  });
  const lines = new TextEncoder().encode(`${JSON.stringify({ ...eventOf(4) })}\n`);
  const readGone = async (after: number, pages: (after: number) => StreamPage) => {
    const subject = world({ store: { ...createMemoryStore(), read: async (_stream, from) => pages(from) } });
    const { got, done } = subject.read(asEvents, { after, follow: false });
    await done;
    return got.flat().map(({ type, seq, payload }) => (type === "system.gap" ? payload : seq));
  };

  it.each([
    [0, [{ from: 1, to: 3 }, 4]],
    [2, [{ from: 3, to: 3 }, 4]],
    [3, [4]],
    [4, []],
  ])("gets one gap that names the range, then what is left: after %i", async (after, got) => {
    const held = page({ lines, fromSeq: 4, toSeq: 4, firstSeq: 4, lastSeq: 4 });
    expect(await readGone(after, (from) => (from < 4 ? held : page({ firstSeq: 4, lastSeq: 4 })))).toEqual(got);
  });

  it.each([
    [0, [{ from: 1, to: 4 }]],
    [3, [{ from: 4, to: 4 }]],
    [4, []],
    [5, []],
  ])("gets one gap to the end where nothing is left: after %i", async (after, got) => {
    expect(await readGone(after, () => page({ lastSeq: 4 }))).toEqual(got);
  });

  it("waits for a gap that is being made, and gives it in the form it reads", async () => {
    const gap = createEvent({ seq: 4, type: "system.gap", time, payload: {} });
    const subject = world({ store: { ...createMemoryStore(), read: async () => page({ lastSeq: 4 }) }, gap: async () => gap });
    const { got, done } = subject.read(frames, { follow: false });
    await done;
    expect(text(got)).toBe(frameText(gap));
  });
});

describe("a cursor that follows", () => {
  it("gives each event when it is written, and ends after the last one of a stream that has ended", async () => {
    let over = false;
    const { write, buffer, read } = world({ ended: () => over });
    const { got, done } = read(asEvents);
    await nextTurn();
    await write([eventOf(1)]);
    await nextTurn();
    await write([eventOf(2)]);
    await nextTurn();
    expect(seqs(got)).toEqual([[1], [2]]);
    over = true;
    buffer.wake("a");
    await done;
    expect([seqs(got), buffer.readers("a")]).toEqual([[[1], [2]], 0]);
  });

  it("looks at the end before it reads, so what was committed meanwhile is still given", async () => {
    const subject: ReturnType<typeof world> = world({
      ended: () => {
        const over = lastSeqOf(subject.buffer, "a") > 0;
        if (!over) void subject.store.commit({ appends: [{ stream: "a", expectedSeq: 0, events: [eventOf(1)] }] });
        if (!over) subject.buffer.publish("a", [eventOf(1)]);
        return over;
      },
    });
    const { got, done } = subject.read(asEvents);
    await done;
    expect(seqs(got)).toEqual([[1]]);
  });

  it("gives what was written since the last page, over a buffer that holds nothing", async () => {
    const { write, buffer, stream, leave } = world();
    const empty = withReaders(buffer, () => ({ lastSeq: () => 0, events: () => undefined }));
    const reading = follow({ ...stream, buffer: empty }, asEvents, { after: 0, follow: true, signal: leave.signal });
    await write(eventsOf(1, 3));
    expect(seqs([(await reading.next()).value ?? []])).toEqual([[1, 2, 3]]);
    await write([eventOf(4)]);
    expect(seqs([(await reading.next()).value ?? []])).toEqual([[4]]);
    await reading.return();
  });

  it("takes no wake-up before it sleeps for a silence, and looks again", async () => {
    const { buffer, read, leave, clock } = world();
    let looks = 0;
    const live = (): undefined => {
      looks += 1;
      if (looks === 1) buffer.wake("a");
    };
    const { got, done } = read(asEvents, { live, heartbeat: { ms: 100, clock, value: () => [] } });
    await clock.advance(99);
    expect([got, looks]).toEqual([[], 2]);
    leave.abort();
    await done;
  });

  it("keeps no timer going for a reader that does not wait", async () => {
    const { write, stream, leave, clock } = world();
    const reading = follow(stream, asEvents, {
      after: 0,
      follow: true,
      signal: leave.signal,
      heartbeat: { ms: 100, clock, value: () => [] },
    });
    for (const [ms, seq] of [
      [60, 1],
      [30, 2],
    ] as const) {
      const waiting = reading.next();
      await clock.advance(ms);
      await write([eventOf(seq)]);
      expect(seqs([(await waiting).value ?? []])).toEqual([[seq]]);
    }
    expect(clock.pending).toBe(1);
    await clock.advance(10);
    expect(clock.pending).toBe(0);
    await reading.return();
  });

  it("gives the live text when all events were read, and sleeps when there is none", async () => {
    const { write, buffer, read, leave } = world();
    await write(eventsOf(1, 2));
    const texts: (readonly StreamEvent[])[] = [[eventOf(0, "grow")]];
    let asked = 0;
    const live = () => {
      asked += 1;
      return texts.shift();
    };
    const { got, done } = read(asEvents, { live });
    await nextTurn();
    expect([seqs(got), asked]).toEqual([[[1, 2], [0]], 2]);
    texts.push([eventOf(0, "ing")]);
    buffer.wake("a");
    await nextTurn();
    expect(seqs(got)).toEqual([[1, 2], [0], [0]]);
    leave.abort();
    await done;
  });

  it("ends for a signal that came before, without a word", async () => {
    const { write, read, leave, buffer } = world();
    await write([eventOf(1)]);
    leave.abort();
    const { got, done } = read(asEvents);
    await done;
    expect([got, buffer.readers("a")]).toEqual([[], 0]);
  });

  it("leaves nothing behind when its reader breaks off", async () => {
    const { write, stream, buffer, leave } = world();
    await write([eventOf(1)]);
    for await (const _ of follow(stream, asEvents, { after: 0, follow: true, signal: leave.signal })) {
      expect([buffer.readers("a"), getEventListeners(leave.signal, "abort").length]).toEqual([1, 1]);
      break;
    }
    expect([buffer.readers("a"), getEventListeners(leave.signal, "abort").length]).toEqual([0, 0]);
  });
});
