import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countdown, isUrgent } from "../../../adapters/dashboard/countdown.js";
import { bytes, cost, duration, usageLine } from "../../../adapters/dashboard/format.js";
import { takeLoginCode } from "../../../adapters/dashboard/login-code.js";
import { linkTo, parseRoute } from "../../../adapters/dashboard/route.js";
import { statusRows } from "../../../adapters/dashboard/status-rows.js";
import { visibleJson, visibleText } from "../../../adapters/dashboard/visible-text.js";
import { hostileText } from "../../support/hostile-text.js";

const deadline = "2026-01-01T01:00:00.000Z";
const before = (ms: number): number => Date.parse(deadline) - ms;

describe("A countdown", () => {
  it.for([
    [3_600_000, "1:00:00"],
    [3_599_000, "59:59"],
    [61_001, "1:02"],
    [60_000, "1:00"],
    [999, "0:01"],
    [0, "0:00"],
    [-5_000, "0:00"],
  ] as const)("%i ms before the deadline says %s", ([ms, text]) => expect(countdown(deadline, before(ms))).toBe(text));

  it("is urgent in the last minute", () => {
    expect([isUrgent(deadline, before(60_000)), isUrgent(deadline, before(59_999))]).toEqual([false, true]);
  });
});

describe("Foreign text", () => {
  it("hides and turns nothing", () => {
    expect(visibleText("rm -rf /\u202e txt.\u2066\u200b\u0007")).toBe("rm -rf /\\u{202e} txt.\\u{2066}\\u{200b}\\u{7}");
    expect(visibleText("a\r\nb\tc\rd")).toBe("a\nb\tc\\u{d}d");
    expect(visibleJson({ command: "\u202e" })).toBe('{\n  "command": "\\u{202e}"\n}');
  });

  it("keeps what can be read", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = visibleText(text);
        expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/);
        for (const kept of text.match(/[a漢é🙂;$()'"`]/gu) ?? []) expect(shown).toContain(kept);
      }),
    );
  });
});

describe("A place of the page", () => {
  it("is found by its fragment, and everything else is the list of runs", () => {
    expect(parseRoute("#/runs/R-1_2")).toEqual({ page: "run", id: "R-1_2" });
    expect(parseRoute("#/traces/ask-1")).toEqual({ page: "trace", id: "ask-1" });
    expect(parseRoute("#/questions")).toEqual({ page: "questions" });
    for (const other of ["", "#", "#/", "#/nowhere", "#/nowhere/1", "#code=x"]) expect(parseRoute(other)).toEqual({ page: "runs" });
    expect(parseRoute("#/peers/%E0%A4%A")).toEqual({ page: "peer", id: "%E0%A4%A" });
  });

  it("leads back to the id it was made of", () => {
    fc.assert(
      fc.property(
        hostileText.filter((text) => text !== "").map((text) => text.toWellFormed()),
        (id) => {
          expect(parseRoute(linkTo("peers", id))).toEqual({ page: "peer", id });
        },
      ),
    );
  });
});

describe("A login code", () => {
  it("is taken out of the address at once", () => {
    const replaced: unknown[] = [];
    const location = { hash: "#code=abc-_1", pathname: "/dashboard", search: "" };
    const history = { replaceState: (...given: unknown[]) => void replaced.push(given) };
    expect(takeLoginCode(location, history)).toBe("abc-_1");
    expect(replaced).toEqual([[null, "", "/dashboard"]]);
    expect(takeLoginCode({ ...location, hash: "#/runs" }, history)).toBeUndefined();
    expect(replaced).toHaveLength(1);
  });
});

describe("A figure", () => {
  it("has the unit that fits", () => {
    expect([0, 1023, 1024, 5_242_880].map(bytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "5.0 MiB"]);
    expect([12, 3_140, 245_000, 7_800_000, 200_000_000].map(duration)).toEqual(["12 ms", "3.1 s", "4 m 05 s", "2 h 10 m", "2 d 7 h"]);
    expect([0, 0.0312, 1.5].map(cost)).toEqual(["$0.00", "$0.0312", "$1.50"]);
    expect(usageLine({ input_tokens: 12_000, output_tokens: 8, of: "x" })).toBe("12,000 input, 8 output");
  });

  it("of the status document has its path as its name", () => {
    expect(statusRows({ pid: 12345, store: { size_bytes: 2048 }, addresses: ["a", "b"], uptime_ms: 1500 }, bytes, duration)).toEqual([
      ["pid", "12345"],
      ["store.size_bytes", "2.0 KiB"],
      ["addresses", "a, b"],
      ["uptime_ms", "1.5 s"],
    ]);
  });
});
