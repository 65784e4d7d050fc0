import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heights } from "../../../adapters/dashboard/heights.js";

const guess = 10;

describe("The heights of a long list", () => {
  it("answer as a plain sum does, whatever was measured, added and taken away", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("resize" as const), count: fc.nat(3_000) }),
      fc.record({ kind: fc.constant("set" as const), at: fc.nat(2_999), height: fc.integer({ min: 1, max: 500 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(100_000), (steps, place) => {
        const heights = new Heights(guess);
        let plain: number[] = [];
        for (const given of steps) {
          if (given.kind === "resize") {
            heights.resize(given.count);
            plain = Array.from({ length: given.count }, (_, at) => plain[at] ?? guess);
          } else if (given.at < plain.length) {
            heights.set(given.at, given.height);
            plain[given.at] = given.height;
          }
        }
        let [sum, found] = [0, 0];
        const wrong: number[] = [];
        for (const [at, height] of plain.entries()) {
          if (heights.top(at) !== sum) wrong.push(at);
          if (sum <= place) found = at;
          sum += height;
        }
        expect(wrong).toEqual([]);
        expect([heights.total, heights.count, heights.at(place)]).toEqual([sum, plain.length, found]);
      }),
      { numRuns: 60 },
    );
  });

  it("keep the rows that exist few, however many there are", () => {
    const heights = new Heights(30);
    heights.resize(100_000);
    expect(heights.range(0, 600, 5)).toEqual([0, 26]);
    expect(heights.range(1_500_000, 600, 5)).toEqual([49_995, 50_026]);
    expect(heights.range(heights.total - 600, 600, 5)).toEqual([99_975, 100_000]);
    expect(new Heights(30).range(0, 600, 5)).toEqual([0, 0]);
  });
});
