import { describe, expect, it } from "vitest";
import { UsageMeter } from "../../../lib/agent/usage.js";
import type { ModelUsage } from "../../../lib/agent/ai-sdk.js";

const used = (
  input?: number,
  output?: number,
  more: { noCache?: number; cacheRead?: number; cacheWrite?: number; reasoning?: number } = {},
): ModelUsage => ({
  inputTokens: { total: input, noCache: more.noCache, cacheRead: more.cacheRead, cacheWrite: more.cacheWrite },
  outputTokens: { total: output, text: undefined, reasoning: more.reasoning },
});

describe("UsageMeter", () => {
  it("adds what was reported and leaves absent what never was", () => {
    const meter = new UsageMeter(undefined);
    expect(meter.totals).toEqual({});
    meter.add(used(10, 2));
    meter.add(used(5, undefined, { cacheRead: 3, reasoning: 0 }));
    expect(meter.totals).toEqual({ input_tokens: 15, output_tokens: 2, cache_read_input_tokens: 3, reasoning_tokens: 0 });
  });

  it.each<[string, ModelUsage, object, number | undefined]>([
    ["input and output", used(1_000_000, 500_000), { input: 3, output: 10 }, 8],
    [
      "cached input at its own price",
      used(1000, 0, { cacheRead: 600, cacheWrite: 300 }),
      { input: 10, output: 1, cacheRead: 1, cacheWrite: 20 },
      0.0076,
    ],
    [
      "what is not cached as the provider counts it",
      used(1000, 0, { noCache: 400, cacheRead: 600 }),
      { input: 10, output: 1, cacheRead: 1 },
      0.0046,
    ],
    ["no cached tokens without a price for them", used(1000, 0, { cacheRead: 0, cacheWrite: 0 }), { input: 10, output: 1 }, 0.01],
    ["nothing when a price is missing", used(1000, 0, { cacheRead: 1 }), { input: 10, output: 1 }, undefined],
    ["nothing when a count is missing", used(1000, undefined), { input: 10, output: 1 }, undefined],
  ])("costs %s", (_what, usage, price, expected) => {
    const meter = new UsageMeter(price as { input: number; output: number });
    meter.add(usage);
    expect(meter.totals.cost_usd).toBe(expected);
    meter.add(used(0, 0));
    expect(meter.totals.cost_usd).toBe(expected);
  });
});
