import { describe, expect, it } from "vitest";
import { systemHost, webDigest } from "../../lib/system-host.js";

describe("systemHost.digest", () => {
  it("is SHA-256 of the UTF-8 text in hex, the same with and without Node", async () => {
    const known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect([await systemHost.digest("abc"), await webDigest("abc")]).toEqual([known, known]);
    for (const text of ["", "\u{1f600} é", "a lone \ud800", "x".repeat(100_000)]) {
      expect(await systemHost.digest(text)).toBe(await webDigest(text));
    }
  });
});
