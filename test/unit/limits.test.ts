import { describe, expect, it } from "vitest";
import { defaultLimits, limitTable, resolveLimits } from "../../lib/limits.js";

describe("resolveLimits", () => {
  it("lays an override over the defaults, and leaves them as they are", () => {
    expect(resolveLimits({ ringEvents: 5 })).toEqual({ ...defaultLimits, ringEvents: 5 });
    expect(resolveLimits()).toEqual(defaultLimits);
    expect(Object.isFrozen(defaultLimits)).toBe(true);
  });

  it.each([
    ["ringEvents", 0],
    ["ringEvents", 1.5],
    ["ringEvents", "5"],
    ["eventBytes", 1_023],
    ["socketPathBytes", 108],
    ["nobody", 1],
    ["constructor", 1],
    ["__proto__", 1],
  ])("refuses %s = %j, and names it", (name, value) => {
    const override = Object.fromEntries([[name, value]]);
    expect(() => resolveLimits(override)).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining(`limits.${name}`) }),
    );
  });

  it("has every default within its own bounds", () => {
    for (const { value, min, max } of Object.values(limitTable))
      expect(value >= min && value <= max && Number.isSafeInteger(value)).toBe(true);
  });
});
