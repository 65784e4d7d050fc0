import { describe, expect, it } from "vitest";
import type { StreamEvent } from "../../../lib/events/event.js";
import { createEvent } from "../../../lib/events/encode.js";
import { toLines } from "../../../lib/events/forms.js";
import { readBack } from "../../../lib/events/read-back.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";

/** A stream of so many events, each of which says whether it is one of every `every`. */
async function stream(count: number, { every = 1, text = "" } = {}) {
  const store = createMemoryStore();
  const events = Array.from({ length: count }, (_, at) =>
    createEvent({ seq: at + 1, type: (at + 1) % every === 0 ? "wanted" : "other", time: "", payload: { text } }),
  );
  for (let at = 0; at < count; at += 1000) {
    await store.commit({ appends: [{ stream: "feed", expectedSeq: at, events: events.slice(at, at + 1000) }] });
  }
  const keep = ({ type }: StreamEvent): boolean => type === "wanted";
  const back = async (limit: number, before?: number) => {
    const found = await readBack(store, "feed", { before, limit, keep });
    return { seqs: found.events.map(({ seq }) => seq), before: found.before };
  };
  return { store, back };
}

describe("Looking back in a stream", () => {
  it("gives what is wanted, the newest first, and where to go on", async () => {
    const { back } = await stream(20, { every: 3 });
    expect(await back(2)).toEqual({ seqs: [18, 15], before: 13 });
    expect(await back(2, 13)).toEqual({ seqs: [12, 9], before: 7 });
    expect(await back(2, 7)).toEqual({ seqs: [6, 3], before: undefined });
    expect(await back(6)).toEqual({ seqs: [18, 15, 12, 9, 6, 3], before: undefined });
  });

  it("has each event once, over windows and pages of the store", async () => {
    const { back } = await stream(2100, { text: "x".repeat(2000) });
    const seen: number[] = [];
    let before: number | undefined;
    do {
      const page = await back(700, before);
      seen.push(...page.seqs);
      before = page.before;
    } while (before !== undefined);
    expect(seen).toEqual(Array.from({ length: 2100 }, (_, at) => 2100 - at));
  });

  it("ends where the stream begins that is kept", async () => {
    const { store, back } = await stream(0);
    expect(await back(5)).toEqual({ seqs: [], before: undefined });
    await store.commit({
      appends: [{ stream: "feed", expectedSeq: 0, events: [createEvent({ seq: 1, type: "other", time: "", payload: {} })] }],
    });
    expect(await back(5)).toEqual({ seqs: [], before: undefined });
    expect(await back(5, 1)).toEqual({ seqs: [], before: undefined });
    expect(await back(5, 0)).toEqual({ seqs: [], before: undefined });
  });

  it("takes no more than ten thousand looks for one page", async () => {
    const wanted = new Set([10_500, 21_000]);
    // A store that keeps more than ours does in memory.
    const read = async (_: string, after: number, limitBytes: number) => {
      const count = Math.min(Math.max(1, Math.floor(limitBytes / 1000)), Math.max(0, 21_000 - after));
      const events = Array.from({ length: count }, (_event, at) => {
        const seq = after + 1 + at;
        return createEvent({ seq, type: wanted.has(seq) ? "wanted" : "other", time: "", payload: {} });
      });
      const ends = { fromSeq: count && after + 1, toSeq: count && after + count };
      return { lines: toLines(events), ...ends, firstSeq: 1, lastSeq: 21_000 };
    };
    const back = async (before?: number) => {
      const page = await readBack({ read }, "feed", { before, limit: 5, keep: ({ type }) => type === "wanted" });
      return [page.events.map(({ seq }) => seq), page.before];
    };
    expect(await back()).toEqual([[21_000], 11_001]);
    expect(await back(11_001)).toEqual([[10_500], 1001]);
    expect(await back(1001)).toEqual([[], undefined]);
  });
});
