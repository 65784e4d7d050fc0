import { describe, expect, it } from "vitest";
import { createEvent } from "../../../lib/events/encode.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { eventsOfLines } from "../../../lib/events/frame.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";

describe("createMemoryStore", () => {
  const stream = "run:R-1";
  const events = (after: number, count: number): StreamEvent[] =>
    Array.from({ length: count }, (_, at) =>
      createEvent({ seq: after + at + 1, type: "assistant.message", time: "", payload: { text: `event ${after + at + 1}` } }),
    );

  /** A store with a stream of so many events that has ended. */
  async function ended(count: number) {
    const store = createMemoryStore();
    const seqs = async (): Promise<number[]> => eventsOfLines((await store.read(stream, 0, 1 << 20)).lines).map(({ seq }) => seq);
    const append = (after: number, more: number): Promise<void> =>
      store.commit({ appends: [{ stream, expectedSeq: after, events: events(after, more) }] });
    await append(0, count);
    store.buffer?.release(stream);
    return { store, append, seqs };
  }
  const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

  it.each([3, 30, 600])("reads and goes on with a stream of %i events that has ended", async (count) => {
    const { store, append, seqs } = await ended(count);
    expect(await store.read(stream, count, 1)).toMatchObject({ firstSeq: 1, lastSeq: count, toSeq: 0 });
    expect((await store.usage()).bytes).toBeGreaterThan(count * 8);
    expect(await seqs()).toEqual(upTo(count));
    await expect(append(count - 1, 1)).rejects.toMatchObject({ code: "stale_commit" });
    await append(count, 2);
    expect(await seqs()).toEqual(upTo(count + 2));
  });

  it.each([3, 30, 600])("keeps nothing of a stream of %i events that has ended and was dropped", async (count) => {
    const { store, append, seqs } = await ended(count);
    await store.commit({ drops: [stream] });
    expect(await seqs()).toEqual([]);
    expect((await store.usage()).bytes).toBe(0);
    await append(0, 1);
    expect(await seqs()).toEqual([1]);
  });
});
