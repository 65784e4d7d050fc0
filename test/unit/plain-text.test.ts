import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, plainText, startOf } from "../../lib/plain-text.js";
import { hostileText } from "../support/hostile-text.js";
import { propertyRuns } from "../support/property-runs.js";

describe("plainText", () => {
  it("leaves nothing that a terminal obeys or that turns the writing, whatever comes in", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const character of plainText(text)) {
          const code = character.codePointAt(0) ?? 0;
          const isControl = code < 0x20 ? code !== 9 && code !== 10 : code >= 0x7f && code <= 0x9f;
          const isBidi =
            code === 0x61c ||
            code === 0x200e ||
            code === 0x200f ||
            (code >= 0x202a && code <= 0x202e) ||
            (code >= 0x2066 && code <= 0x2069);
          expect(isControl || isBidi || (code >= 0xd800 && code <= 0xdfff)).toBe(false);
        }
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });

  it("leaves everything else, in its order", () => {
    const harmless = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, "\t"));
    fc.assert(fc.property(harmless, (text) => plainText(text) === text));
    expect(plainText("é 漢 🙂\u200d👩 \u00ad\n\ta")).toBe("é 漢 🙂\u200d👩 \u00ad\n\ta");
  });

  it("changes nothing the second time", () => {
    fc.assert(fc.property(hostileText, (text) => plainText(plainText(text)) === plainText(text)));
  });

  it("makes one line end of CR and LF, and none of a CR alone", () => {
    expect(plainText("a\r\nb\rc\r\r\nd")).toBe("a\nbc\nd");
  });
});

describe("startOf", () => {
  it("is the longest start within the bytes, never half a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(60), (text, limitBytes) => {
        const start = startOf(text, limitBytes);
        expect(text.startsWith(start) && start.isWellFormed() && bytesOf(start) <= limitBytes).toBe(true);
        const next = String.fromCodePoint(...[text.codePointAt(start.length) ?? 0].slice(start.length < text.length ? 0 : 1));
        if (next !== "") expect(bytesOf(start + next)).toBeGreaterThan(limitBytes);
      }),
    );
  });
});
