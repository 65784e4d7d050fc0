import { describe, expect, it } from "vitest";
import { createPace } from "../../../adapters/http/node/pace.js";

function bench() {
  const turns: (() => void)[] = [];
  const windows: (() => void)[] = [];
  const pace = createPace(
    (task) => turns.push(task),
    (task) => windows.push(task),
  );
  return { pace, turns, windows };
}

describe("createPace", () => {
  it("is one pause for all who ask in the same turn, and a new one afterwards", async () => {
    const { pace, turns } = bench();
    const [one, other] = [pace.pause(), pace.pause()];
    expect(other).toBe(one);
    expect(turns).toHaveLength(1);
    turns[0]?.();
    await one;
    expect(pace.pause()).not.toBe(one);
    expect(turns).toHaveLength(2);
  });

  it("lasts a window once there are more than 200 streams, and a turn again when they have left", async () => {
    const { pace, turns, windows } = bench();
    const leave = Array.from({ length: 201 }, () => pace.join());
    const long = pace.pause();
    expect([turns.length, windows.length]).toEqual([0, 1]);
    windows[0]?.();
    await long;
    leave[0]?.();
    void pace.pause();
    expect([turns.length, windows.length]).toEqual([1, 1]);
  });
});
