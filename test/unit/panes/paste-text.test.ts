import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pasteText } from "../../../lib/panes/paste-text.js";
import { hostileText } from "../../support/hostile-text.js";

const bytes = (text: string): number => Buffer.byteLength(text);

describe("pasteText", () => {
  it("leaves a text that fits, but for what acts on a terminal", () => {
    expect(pasteText("one\r\n\x1b[31mtwo\x1b[0m\u202e", 100, "look there")).toBe("one\n[31mtwo[0m");
  });

  it("replaces what is too much by a line that says how to read it", () => {
    const text = pasteText("x".repeat(20_000), 16_384, "read it with: look dlv-1");
    expect(bytes(text)).toBe(16_384);
    expect(text.split("\n")).toEqual([expect.stringMatching(/^x{16000,}$/), "(cut here; read it with: look dlv-1)"]);
  });

  it("keeps its bound whatever the text and the bound", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 300 }), (text, limit) => {
        const cut = pasteText(text, limit, "how\nto\x1bread");
        expect(bytes(cut)).toBeLessThanOrEqual(limit);
        expect(cut).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });
});
