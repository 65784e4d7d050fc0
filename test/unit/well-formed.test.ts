import { describe, expect, it } from "vitest";
import { wellFormed } from "../../lib/well-formed.js";

const refusal = (...issues: object[]) => expect.objectContaining({ code: "invalid_request", details: { issues } });

describe("wellFormed", () => {
  it("gives back the very input that needs no change", () => {
    const input = { a: ["é", { b: "🙂", "": null }], n: 1, t: "[]", big: 10n };
    expect(wellFormed(input)).toBe(input);
    expect(wellFormed(undefined)).toBeUndefined();
  });

  it("mends halves of characters in values and names, in a copy", () => {
    const deep = { "\ud800x": ["a\udc00"] };
    expect(wellFormed({ deep, same: "🙂" })).toEqual({ deep: { "\ufffdx": ["a\ufffd"] }, same: "🙂" });
    expect(deep).toEqual({ "\ud800x": ["a\udc00"] });
  });

  it("refuses U+0000 in values and names, and names each place on one line", () => {
    expect(() => wellFormed({ a: ["x", "\u0000"], "n\u0000\n": 1 })).toThrow(
      refusal(
        { path: "a.1", code: "format", message: "must not contain U+0000" },
        { path: "n\\u0000\\n", code: "format", message: "must not contain U+0000" },
      ),
    );
  });

  it("refuses the name that every object has, and what has no end, as the doors do", () => {
    expect(() => wellFormed(JSON.parse('{"m":{"__proto__":1}}'))).toThrow(
      refusal({ path: "m.__proto__", code: "unknown_field", message: "is not a known field" }),
    );
    const endless: Record<string, unknown> = {};
    endless["on"] = endless;
    expect(() => wellFormed(endless)).toThrow(expect.objectContaining({ message: expect.stringContaining("at most 32 levels") }));
  });
});
