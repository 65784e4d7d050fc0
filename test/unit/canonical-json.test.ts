import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../lib/canonical-json.js";

describe("canonicalJson", () => {
  it.each([
    [{ b: 1, a: [2, { d: 1, c: null }] }, '{"a":[2,{"c":null,"d":1}],"b":1}'],
    [{ a: undefined, b: 1 }, '{"b":1}'],
    [[undefined, 1], "[null,1]"],
    [undefined, "null"],
    ["é\n", '"é\\n"'],
    [{ "2": 1, "10": 1, "1": 1 }, '{"1":1,"10":1,"2":1}'],
  ])("of %j is %s", (value, text) => expect(canonicalJson(value)).toBe(text));

  it("is the same for the same value in any order, and means that value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const shuffled = JSON.parse(JSON.stringify(value), (_, item: unknown) =>
          typeof item === "object" && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).toReversed()) : item,
        ) as unknown;
        expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
