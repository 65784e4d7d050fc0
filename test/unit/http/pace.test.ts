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
  it("is one pause for all who ask in the same turn, and a new one afterwards", () => {
    const { pace, turns } = bench();
    const went: string[] = [];
    pace.pause(() => went.push("one"));
    pace.pause(() => {
      went.push("other");
      pace.pause(() => went.push("again"));
    });
    expect(turns).toHaveLength(1);
    turns[0]?.();
    expect(went).toEqual(["one", "other"]);
    expect(turns).toHaveLength(2);
    turns[1]?.();
    expect(went).toEqual(["one", "other", "again"]);
  });

  it("lasts a window once there are more than 200 streams, and a turn again when they have left", () => {
    const { pace, turns, windows } = bench();
    const leave = Array.from({ length: 201 }, () => pace.join());
    pace.pause(() => {});
    expect([turns.length, windows.length]).toEqual([0, 1]);
    windows[0]?.();
    leave[0]?.();
    pace.pause(() => {});
    expect([turns.length, windows.length]).toEqual([1, 1]);
  });
});
