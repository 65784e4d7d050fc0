import { describe, expect, it } from "vitest";
import { createFeedList } from "../../../adapters/dashboard/feed-list.js";
import { createEvent } from "../../../lib/events/encode.js";

const event = (seq: number) => createEvent({ seq, type: "run.status", time: "2026-01-02T03:04:05.678Z", payload: {} });

/** The seqs of a list to which this was told, in this order: a number is an event of the feed, a list a page up to its last. */
function seqsAfter(...told: readonly (number | readonly number[] | "restart")[]): number[] {
  const list = createFeedList();
  for (const one of told) {
    if (one === "restart") list.restart();
    else if (typeof one === "number") list.add(event(one));
    else list.read(one.map(event), one.at(-1) ?? 0);
  }
  return list.events.map(({ seq }) => seq);
}

describe("The list of the feed", () => {
  it("has each event once, whichever of page and feed is first", () => {
    expect(seqsAfter(3, 4, [1, 2, 3], 5)).toEqual([1, 2, 3, 4, 5]);
    expect(seqsAfter([1, 2, 3], 3, 4)).toEqual([1, 2, 3, 4]);
    expect(seqsAfter(2, [1, 2, 3], 3, 4)).toEqual([1, 2, 3, 4]);
  });

  it("takes what another store tells, whose numbers begin anew", () => {
    expect(seqsAfter([7, 8], "restart", 1, 2)).toEqual([7, 8, 1, 2]);
  });

  it("keeps the newest of very many", () => {
    const seqs = seqsAfter(...Array.from({ length: 20_001 }, (_, at) => at + 1));
    expect([seqs.length, seqs[0], seqs.at(-1)]).toEqual([10_000, 10_002, 20_001]);
  });
});
