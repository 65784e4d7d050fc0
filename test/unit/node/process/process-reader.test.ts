import { describe, expect, it } from "vitest";
import { findCookie, systemReader } from "../../../../lib/node/process/process-reader.js";

const block = (...items: string[]): Buffer => Buffer.from(items.map((item) => `${item}\0`).join(""));

describe("findCookie", () => {
  it.each([
    [["ANODED_COOKIE=s.R-1", "PATH=/bin"], "s.R-1"],
    [["PATH=/bin", "ANODED_COOKIE=s.R-1"], "s.R-1"],
    [["ANODED_COOKIE="], ""],
    [["PATH=/bin"], undefined],
    [["XANODED_COOKIE=s.R-1"], undefined],
    [["A=ANODED_COOKIE=s.R-1"], undefined],
    [["A=ANODED_COOKIE=wrong", "ANODED_COOKIE=right"], "right"],
    [["ANODED_COOKIE=first", "ANODED_COOKIE=second"], "first"],
    [[], undefined],
  ])("in %j is %j", (items, cookie) => expect(findCookie(block(...items))).toBe(cookie));

  it("reads a block whose last item has no end", () => {
    expect(findCookie(Buffer.from("A=1\0ANODED_COOKIE=s.R-1"))).toBe("s.R-1");
  });
});

describe("systemReader", () => {
  const reader = systemReader();

  it("reads this process, and finds it in its list", () => {
    const own = reader.read(process.pid);
    expect(own).toMatchObject({ pid: process.pid, ppid: process.ppid });
    expect(reader.list()).toContainEqual(expect.objectContaining({ pid: process.pid, startTicks: own?.startTicks }));
    expect(reader.bootId()).toMatch(/./);
  });

  it("answers nothing for a process that is not there", () => {
    expect([reader.read(5_000_000), reader.cookie(5_000_000), reader.catches(5_000_000, 15)]).toEqual([undefined, undefined, false]);
  });
});
