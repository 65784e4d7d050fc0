import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOutputDecoder } from "../../../../lib/node/process/output-decoder.js";

/** Bytes with the things in them that decoders trip over. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom("é", "漢", "\u{1f600}", "\r\n", "\r", "\n", "\0", "\ufeff", "\ufffd", "a").map((text) => Buffer.from(text)),
      fc
        .constantFrom([0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xe0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80])
        .map((list) => Buffer.from(list)),
      fc.uint8Array({ maxLength: 4 }).map((list) => Buffer.from(list)),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.concat(parts));
const cuts = fc.array(fc.nat(8), { maxLength: 40 });

function decode(whole: Buffer, sizes: readonly number[], tty: boolean): { text: string; replaced: number; held: number } {
  const decoder = createOutputDecoder({ tty });
  let text = "";
  let held = 0;
  let at = 0;
  for (const size of sizes) {
    text += decoder.write(whole.subarray(at, at + size));
    held = Math.max(held, decoder.held);
    at += size;
  }
  text += decoder.write(whole.subarray(at)) + decoder.end();
  return { text, replaced: decoder.replaced, held };
}

describe("createOutputDecoder", () => {
  it("gives the text of all bytes, wherever they are cut, with NUL as U+FFFD", () => {
    fc.assert(
      fc.property(bytes, cuts, fc.boolean(), (whole, sizes, tty) => {
        const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole).replaceAll("\0", "\ufffd");
        expect(decode(whole, sizes, tty).text).toBe(tty ? text : text.replaceAll("\r\n", "\n"));
      }),
      { numRuns: 500 },
    );
  });

  it("counts what it replaced, and not what was a replacement character before", () => {
    fc.assert(
      fc.property(bytes, cuts, (whole, sizes) => {
        const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole);
        const written = whole.toString("latin1").split("\u00ef\u00bf\u00bd").length;
        expect(decode(whole, sizes, true).replaced).toBe(decoded.split("\ufffd").length - written);
      }),
    );
  });

  it("holds back at most an unfinished character and a carriage return", () => {
    fc.assert(
      fc.property(bytes, cuts, (whole, sizes) => {
        expect(decode(whole, sizes, false).held).toBeLessThanOrEqual(4);
      }),
    );
  });

  it.each([
    ["a CR before LF across a cut", ["a\r", "\nb"], "a\nb"],
    ["a CR alone", ["a\r", "b"], "a\rb"],
    ["a CR at the end", ["a\r"], "a\r"],
    ["of two CR before LF the second", ["a\r\r", "\n"], "a\r\n"],
  ])("drops or keeps %s as its place says", (_, chunks, text) => {
    const decoder = createOutputDecoder({ tty: false });
    expect(chunks.map((chunk) => decoder.write(Buffer.from(chunk))).join("") + decoder.end()).toBe(text);
  });

  it("gives at once what is certain", () => {
    const decoder = createOutputDecoder({ tty: false });
    expect(decoder.write(Buffer.from([0x61, 0xe2, 0x82]))).toBe("a");
    expect(decoder.held).toBe(2);
    expect(decoder.write(Buffer.from([0xac, 0x62]))).toBe("€b");
    expect([decoder.held, decoder.replaced]).toEqual([0, 0]);
  });
});
