import { describe, expect, it } from "vitest";
import { asEvents, asFrames, follow, type PageForm } from "../../../lib/events/cursor.js";
import type { BufferReader } from "../../../lib/events/buffer.js";
import { createEvent } from "../../../lib/events/encode.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { defaultLimits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { withReaders } from "../../support/buffer-readers.js";

const name = "run:1";
const events = 12;
/** So large that a page holds few of them. */
const text = "x".repeat(100_000);

async function filledStore(): Promise<Store> {
  const store = createMemoryStore();
  for (let seq = 1; seq <= events; seq += 1) {
    const event = createEvent({ seq, type: "test.event", time: "2026-01-01T00:00:00.000Z", payload: { text } });
    await store.commit({ appends: [{ stream: name, expectedSeq: seq - 1, events: [event] }] });
  }
  return store;
}

function reading(store: Pick<Store, "read">, held: Partial<BufferReader> = {}) {
  return readingAs(asEvents, store, held);
}

function readingAs<Value>(form: PageForm<Value>, store: Pick<Store, "read">, held: Partial<BufferReader> = {}) {
  const buffer = withReaders(createRingBuffer(defaultLimits), () => held);
  const stream = { name, buffer, store: store as Store, ended: () => true, gap: () => Promise.reject(new Error("There is no gap.")) };
  return follow(stream, form, { after: 0, follow: false, signal: new AbortController().signal });
}

describe("follow over a store", () => {
  it("has the next page on its way while one is passed on, reads no page twice and leaves none out", async () => {
    const store = await filledStore();
    const asked: number[] = [];
    const read: Store["read"] = (stream, after, limitBytes) => {
      asked.push(after);
      return store.read(stream, after, limitBytes);
    };
    const got: number[] = [];
    for await (const page of reading({ read })) {
      got.push(...page.map(({ seq }) => seq));
      const newest = got.at(-1) ?? 0;
      if (newest < events) expect(asked.at(-1)).toBe(newest);
    }
    expect(got).toEqual(Array.from({ length: events }, (_, i) => i + 1));
    expect(asked).toEqual([...new Set(asked)]);
    expect(asked.length).toBeGreaterThan(3);
  });

  it("does not pass on a page that was on its way for another place", async () => {
    const store = await filledStore();
    let taken: number | undefined;
    // Holds one event for a moment: the one after the first page.
    const heldEvents: BufferReader["events"] = (after) => {
      if (after === 0 || taken !== undefined) return undefined;
      taken = after + 1;
      return [createEvent({ seq: taken, type: "test.event", time: "2026-01-01T00:00:00.000Z", payload: {} })];
    };
    const got: number[] = [];
    for await (const page of reading(store, { events: heldEvents })) got.push(...page.map(({ seq }) => seq));
    expect(got).toEqual(Array.from({ length: events }, (_, i) => i + 1));
    expect(taken).toBeGreaterThan(1);
  });

  it("leaves a page that failed on its way to whoever asks for it, and to nobody when the reader has gone", async () => {
    const store = await filledStore();
    const read: Store["read"] = (stream, after, limitBytes) =>
      after === 0 ? store.read(stream, after, limitBytes) : Promise.reject(new Error("The page is damaged."));
    const staying = reading({ read });
    await staying.next();
    await expect(staying.next()).rejects.toThrow("The page is damaged.");
    const leaving = reading({ read });
    await leaving.next();
    // An unhandled rejection would fail this run.
    await leaving.return();
  });

  it("frees the frames of a page when it is told to, and the lines they were made of, and nothing else", async () => {
    const store = await filledStore();
    const read: Uint8Array[] = [];
    const frames = readingAs(
      asFrames(() => new Uint8Array()),
      {
        async read(...call) {
          const page = await store.read(...call);
          read.push(page.lines);
          return page;
        },
      },
    );
    const first = (await frames.next()).value as Uint8Array;
    expect(read[0]?.length).toBe(0);
    const second = (await frames.next()).value as Uint8Array;
    // What was not said to be used up by then is left alone.
    const ids = (bytes: Uint8Array): string[] => new TextDecoder().decode(bytes).match(/^id: \d+/gm) ?? [];
    expect(ids(first)[0]).toBe("id: 1");
    frames.free();
    expect([second.length, first.length > 0]).toEqual([0, true]);
    const rest = (await frames.next()).value as Uint8Array;
    expect(ids(rest)[0]).toBe("id: 7");
  });

  it("frees nothing that other readers share", async () => {
    const store = await filledStore();
    const shared = new TextEncoder().encode("id: 1\ndata: {}\n\n");
    const held: Partial<BufferReader> = { frames: (after) => (after === 0 ? { frames: shared, fromSeq: 1, toSeq: 1 } : undefined) };
    const frames = readingAs(
      asFrames(() => new Uint8Array()),
      store,
      held,
    );
    expect((await frames.next()).value).toBe(shared);
    frames.free();
    expect(shared.length).toBeGreaterThan(0);
    const own = (await frames.next()).value as Uint8Array;
    frames.free();
    expect(own.length).toBe(0);
  });
});
