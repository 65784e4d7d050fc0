import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createIds, isRunId } from "../../lib/ids.js";

describe("createIds", () => {
  it("gives ids that ascend, whatever the clock does, also beyond those of an earlier process", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 2, maxLength: 30 }), fc.nat(29), (steps, restartAt) => {
        let now = 1_760_000_000_000;
        const clock = { now: () => now, monotonic: () => 0, schedule: () => () => {} };
        let ids = createIds("R", clock);
        let before: [number, number] = [0, 0];
        let last = "";
        for (const [index, step] of steps.entries()) {
          now += step;
          if (index === restartAt && last !== "") {
            ids = createIds("R", clock);
            ids.startAfter(last);
          }
          last = ids.next();
          expect(isRunId(last)).toBe(true);
          const [time = 0, count = 0] = last.slice(2).split("_").map(Number);
          expect(time > before[0] || (time === before[0] && count > before[1])).toBe(true);
          before = [time, count];
        }
      }),
    );
  });
});

describe("isRunId", () => {
  it.each(["R-1760000000000000000_1", "R-1760000000000000000_9999999999999999"])("knows %s", (text) => expect(isRunId(text)).toBe(true));

  it.each([
    "",
    "R-1_1",
    "r-1760000000000000000_1",
    "R-1760000000000000000",
    "R-1760000000000000000_",
    "R-1760000000000000000_1 ",
    "R-1760000000000000000_1\n",
    "../R-1760000000000000000_1",
    "Q-1760000000000000000_1",
  ])("does not know %j", (text) => expect(isRunId(text)).toBe(false));
});
