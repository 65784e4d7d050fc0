import { describe, expect, it } from "vitest";
import { budgetStopReason, crossings, nextWallMark } from "../../../lib/runs/budget.js";

const nothing = { wall_ms: 0, tokens: 0, cost_usd: 0, events: 0, bytes: 0 };

describe("crossings", () => {
  it.each([
    [79, []],
    [80, [{ name: "tokens", used: 80, limit: 100, over: false }]],
    [99, [{ name: "tokens", used: 99, limit: 100, over: false }]],
    [100, [{ name: "tokens", used: 100, limit: 100, over: true }]],
    [250, [{ name: "tokens", used: 250, limit: 100, over: true }]],
  ])("of 100 tokens with %i used are %j", (tokens, found) => {
    expect(crossings({ tokens: 100 }, { ...nothing, tokens })).toEqual(found);
  });

  it("names every budget that is near, in the order of the budget, and none that was not given", () => {
    const used = { wall_ms: 10, tokens: 10, cost_usd: 10, events: 10, bytes: 10 };
    expect(crossings({ bytes: 10, events: 11, cost_usd: 1_000, wall_ms: 12 }, used).map(({ name, over }) => [name, over])).toEqual([
      ["bytes", true],
      ["events", false],
      ["wall_ms", false],
    ]);
    expect(crossings({}, used)).toEqual([]);
  });
});

describe("budgetStopReason", () => {
  it("names each budget", () => {
    const names = ["wall_ms", "tokens", "cost_usd", "events", "bytes"] as const;
    expect(names.map(budgetStopReason)).toEqual(["budget_wall", "budget_tokens", "budget_cost", "budget_events", "budget_bytes"]);
  });
});

describe("nextWallMark", () => {
  it.each([
    [1_000, 0, 800],
    [1_000, 799.5, 800],
    [1_000, 800, 1_000],
    [1_000, 999.9, 1_000],
    [1_000, 1_000, undefined],
    [1_000, 5_000, undefined],
    [1, 0, 0.8],
  ])("of %i ms, when %d were seen, is %s", (limit, seen, mark) => expect(nextWallMark(limit, seen)).toBe(mark));
});
