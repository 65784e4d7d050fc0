import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choicesOf, pathGlob } from "../../lib/path-glob.js";

/** The same as an expression, which may take long: one for each sign. */
function expression(names: readonly string[]): RegExp {
  const signs = (name: string): string =>
    name.replaceAll(".", "\\.").replaceAll("*", "[^/]*").replaceAll("?", "[^/]").replaceAll("[!", "[^/");
  const parts = names.map((name) => (name === "**" ? "(?:/[^/]+)*" : `/(?=[^/])${signs(name)}`));
  return new RegExp(`^${parts.join("")}$`);
}

const name = fc
  .array(fc.constantFrom("a", "b", ".", "*", "?", "[ab]", "[!a]"), { minLength: 1, maxLength: 4 })
  .map((signs) => signs.join(""));
const names = fc
  .array(fc.oneof(fc.constant("**"), name), { minLength: 1, maxLength: 4 })
  .filter((all) => !all.some((one) => one.startsWith("***")));
const path = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });

describe("pathGlob", () => {
  it("says what the expression of the same meaning says", () => {
    fc.assert(
      fc.property(names, path, (pattern, at) => {
        fc.pre(!/^\*\*[^/]/.test(pattern.join("/")));
        expect(pathGlob(pattern.join("/"))(at.join("/"))).toBe(expression(pattern).test(`/${at.join("/")}`));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ["**.ts", "a/b.ts", true],
    ["**.ts", "b.ts", true],
    ["src/**.ts", "src/a/b.ts", false],
    ["src/**", "src", true],
    ["src/*", "src/", false],
    ["[!ab].ts", "c.ts", true],
    ["[^ab].ts", "a.ts", false],
    ["[a-c]\\*", "b*", true],
    ["[a-c]\\*", "bx", false],
    ["[]a]", "]", true],
    ["a[", "a[", true],
    ["(shop)/\\[id\\].tsx", "(shop)/[id].tsx", true],
    ["?", "\u{1f600}", true],
  ])("of %j and %j: %j", (pattern, at, fits) => {
    expect(pathGlob(pattern)(at)).toBe(fits);
  });

  it("ends in time where an expression would not", () => {
    expect(pathGlob(`${"*a".repeat(50)}*b`)("a".repeat(4_000))).toBe(false);
    expect(pathGlob(`${"**/a/".repeat(50)}b`)("a/".repeat(2_000))).toBe(false);
  });
});

describe("choicesOf", () => {
  it.each([
    ["a", ["a"]],
    ["{a}", ["{a}"]],
    ["x.{ts,tsx}", ["x.ts", "x.tsx"]],
    ["{a,b{c,d}}/{,e}", ["a/", "a/", "a/e", "a/e", "bc/", "bc/e", "bd/", "bd/e"]],
  ])("of %j are %j", (pattern, choices) => {
    expect(choicesOf(pattern).toSorted()).toEqual(choices);
  });

  it.each(["{a,b}".repeat(7), `{${"a,".repeat(64)}a}`])("refuses more than there may be: %j", (pattern) => {
    expect(() => choicesOf(pattern)).toThrow("has more than 64 choices");
  });
});
