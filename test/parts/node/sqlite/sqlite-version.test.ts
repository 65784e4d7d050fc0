import { describe, expect, it } from "vitest";
import { assertSafeSqlite, isSafeSqlite } from "../../../../lib/node/sqlite/sqlite-version.js";

describe("isSafeSqlite", () => {
  it.each([
    ["3.44.5", false],
    ["3.44.6", true],
    ["3.44.10", true],
    ["3.45.0", false],
    ["3.49.99", false],
    ["3.50.6", false],
    ["3.50.7", true],
    ["3.51.2", false],
    ["3.51.3", true],
    ["3.51.10", true],
    ["3.52.0", true],
    ["3.100.0", true],
    ["4.0.0", true],
    ["2.99.9", false],
    ["", false],
    ["3.51", false],
    ["newest", false],
  ])("judges %s", (version, isSafe) => {
    expect(isSafeSqlite(version)).toBe(isSafe);
  });

  it("accepts the SQLite these tests run on", () => {
    expect(isSafeSqlite(process.versions["sqlite"] ?? "")).toBe(true);
  });
});

describe("assertSafeSqlite", () => {
  it("refuses an unsafe version by code and names the Node.js versions that carry a safe one", () => {
    expect(() => assertSafeSqlite("3.50.4")).toThrow(
      expect.objectContaining({
        code: "store_unsafe_version",
        message: expect.stringMatching(/3\.50\.4.*22\.22\.3, 24\.15\.0 and 26\.0\.0/),
      }),
    );
  });
});
