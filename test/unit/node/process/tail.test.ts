import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTail, lastLines } from "../../../../lib/node/process/tail.js";

/** The longest end of whole characters within the limit. */
function endOf(text: string, limitBytes: number): string {
  const characters = [...text];
  while (Buffer.byteLength(characters.join("")) > limitBytes) characters.shift();
  return characters.join("");
}

describe("createTail", () => {
  it("keeps the longest end that fits, cut between characters, however the text came", () => {
    const pieces = fc.array(fc.array(fc.constantFrom("a", "é", "漢", "\u{1f600}", "\n"), { maxLength: 30 }).map((parts) => parts.join("")));
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 20 }), (texts, limit) => {
        const tail = createTail(limit);
        for (const text of texts) tail.push(text);
        expect(tail.text()).toBe(endOf(texts.join(""), limit));
      }),
      { numRuns: 500 },
    );
  });

  it("is empty before the first text and when no character fits", () => {
    const tail = createTail(2);
    expect(tail.text()).toBe("");
    tail.push("漢");
    expect(tail.text()).toBe("");
  });
});

describe("lastLines", () => {
  it.each([
    ["", 3, ""],
    ["a", 3, "a"],
    ["a\nb\nc\n", 2, "b\nc"],
    ["a\nb\n\n\n", 1, "b"],
    ["\n\na\n", 2, "\na"],
    ["a\nb", 1, "b"],
  ])("of %j, %i of them, are %j", (text, count, lines) => {
    expect(lastLines(text, count)).toBe(lines);
  });
});
