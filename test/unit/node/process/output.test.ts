import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOutputGatherer } from "../../../../lib/node/process/output.js";

const bounds = { tty: false, flushBytes: 64, textBytes: 256 };
const gatherer = (part: Partial<typeof bounds> = {}) => createOutputGatherer({ ...bounds, ...part });
const push = (to: ReturnType<typeof gatherer>, text: string): string[] => to.push(Buffer.from(text));

describe("createOutputGatherer", () => {
  it("gives the whole lines at a flush; the rest opens the next one and goes alone if no line end comes", () => {
    const output = gatherer();
    expect(push(output, "one\ntwo\nthr")).toEqual([]);
    expect(output.flush()).toEqual(["one\ntwo\n"]);
    expect(output.waiting).toBe(true);
    push(output, "ee\nfo");
    expect(output.flush()).toEqual(["three\n"]);
    expect(output.flush()).toEqual(["fo"]);
    expect([output.flush(), output.waiting]).toEqual([[], false]);
  });

  it("keeps back a first rest without a line end for one flush", () => {
    const output = gatherer();
    push(output, "prompt> ");
    expect(output.flush()).toEqual([]);
    expect(output.flush()).toEqual(["prompt> "]);
  });

  it("gives what is there when it is enough, and the last unfinished line apart", () => {
    const output = gatherer();
    expect(push(output, `${"a".repeat(40)}\n${"b".repeat(40)}`)).toEqual([`${"a".repeat(40)}\n`]);
    expect(push(output, `${"b".repeat(20)}\nen`)).toEqual([]);
    expect(output.end()).toEqual([`${"b".repeat(60)}\n`, "en"]);
    expect(output.end()).toEqual([]);
  });

  it("gives a line that is too long in pieces", () => {
    const output = gatherer();
    const pieces = push(output, "x".repeat(200));
    expect(pieces).toEqual(["x".repeat(64), "x".repeat(64), "x".repeat(64)]);
    expect(output.end()).toEqual(["x".repeat(8)]);
  });

  it("loses and repeats nothing, and keeps each text within its bounds, whatever comes when", () => {
    const moves = fc.array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc
            .array(fc.constantFrom("a", "é", "\u{1f600}", "\n", "\r\n", "\u0001", '"', "word "), { maxLength: 60 })
            .map((parts) => parts.join("")),
        },
        fc.constant(undefined),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(moves, fc.nat(7), (list, shift) => {
        const output = gatherer();
        const texts: string[] = [];
        const whole = Buffer.from(list.join(""));
        let at = 0;
        for (const move of list) {
          // The cuts lie beside the characters as well as between them.
          const size = move === undefined ? 0 : Buffer.byteLength(move) + (shift % 3) - 1;
          const chunk = whole.subarray(at, at + Math.max(0, size));
          at += chunk.length;
          texts.push(...(move === undefined ? output.flush() : output.push(chunk)));
        }
        texts.push(...output.push(whole.subarray(at)), ...output.end());
        expect(texts.join("")).toBe(whole.toString().replaceAll("\r\n", "\n"));
        for (const text of texts) {
          expect(text).not.toBe("");
          expect(text.isWellFormed()).toBe(true);
          expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThanOrEqual(bounds.textBytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("cuts a text that is too large as JSON at a line end where there is one", () => {
    const output = gatherer({ flushBytes: 1_000, textBytes: 40 });
    push(output, `${"\u0001".repeat(5)}\n${"\u0001".repeat(5)}\nplain\n`);
    expect(output.flush()).toEqual([`${"\u0001".repeat(5)}\n`, `${"\u0001".repeat(5)}\n`, "plain\n"]);
  });

  it("cuts no character in two, where there is no line end", () => {
    const output = gatherer({ flushBytes: 1_000, textBytes: 60 });
    push(output, `a${"\u{1f600}".repeat(20)}`);
    const pieces = output.end();
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
  });
});
