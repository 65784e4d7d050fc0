import { describe, expect, it } from "vitest";
import { cutLines, joinBytes } from "../../../../lib/node/sqlite/lines.js";

const body = Buffer.from("aa\nbb\ncc\ndd\n");

describe("cutLines", () => {
  it.each([
    [{ skip: 0, count: 4, limitBytes: 12 }, "aa\nbb\ncc\ndd\n", 4],
    [{ skip: 0, count: 4, limitBytes: 11 }, "aa\nbb\ncc\ndd\n", 4],
    [{ skip: 0, count: 4, limitBytes: 9 }, "aa\nbb\ncc\n", 3],
    [{ skip: 1, count: 3, limitBytes: 4 }, "bb\ncc\n", 2],
    [{ skip: 3, count: 1, limitBytes: 0 }, "dd\n", 1],
    [{ skip: 1, count: 3, limitBytes: 9 }, "bb\ncc\ndd\n", 3],
  ])("takes %o", (range, text, count) => {
    const cut = cutLines(body, range);
    expect([Buffer.from(cut.bytes).toString(), cut.count]).toEqual([text, count]);
  });
});

describe("joinBytes", () => {
  it("gives an array that owns its buffer, so that handing it over takes nothing else along", () => {
    for (const parts of [[body.subarray(0, 3)], [body.subarray(0, 3), body.subarray(3)], [], [new Uint8Array(body)]]) {
      const joined = joinBytes(parts);
      expect(Buffer.from(joined)).toEqual(Buffer.concat(parts));
      expect(joined.buffer.byteLength).toBe(joined.length);
    }
  });
});
