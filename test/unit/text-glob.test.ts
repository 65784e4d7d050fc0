import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textGlob } from "../../lib/text-glob.js";

/** The same as an expression, which may take long. */
function expression(pattern: string): RegExp {
  const source = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, (sign) => (sign === "*" ? "[^\n]*" : sign === "?" ? "[^\n]" : `\\${sign}`));
  return new RegExp(`^${source}$`, "u");
}

const few = (signs: string): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...signs), maxLength: 8 });

describe("textGlob", () => {
  it("says what the expression of the same meaning says", () => {
    fc.assert(
      fc.property(few("ab*?\n."), few("ab\n.\u{1f600}"), (pattern, text) => {
        expect(textGlob(pattern)(text)).toBe(expression(pattern).test(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it("ends in time where an expression would not", () => {
    const pattern = `${"*a".repeat(20)}*b`;
    expect(textGlob(pattern)("a".repeat(20_000))).toBe(false);
    expect(textGlob(pattern)(`${"a".repeat(20_000)}b`)).toBe(true);
  });
});
