import { describe, expect, it } from "vitest";
import { isDead, parseStat } from "../../../../lib/node/process/identity.js";

/** A line of the kernel's for a name; the fields from the state on carry their own numbers. */
const stat = (name: string, state = "S"): string =>
  `4242 (${name}) ${state} 7 8 9 ${Array.from({ length: 46 }, (_, index) => index + 7).join(" ")}\n`;

describe("parseStat", () => {
  it.each(["sleep", "a b", "a) S 1 2 3 (b", "))) (((", "", "naïve 漢", "x\ny"])(
    "reads the fields after the last bracket of the name %j",
    (name) => {
      expect(parseStat(stat(name))).toEqual({
        pid: 4242,
        name,
        state: "S",
        ppid: 7,
        group: 8,
        session: 9,
        startTicks: 22,
        foreground: true,
      });
    },
  );

  it.each(["", "4242", "4242 sleep S 1", "(x) S 1 2 3", ") 1 (", "4242 (x) S 1 2 3"])("answers nothing for %j", (text) => {
    expect(parseStat(text)).toBeUndefined();
  });
});

describe("isDead", () => {
  it("is true for what only waits to be reaped", () => {
    const states = ["R", "S", "D", "T", "t", "I", "Z", "X", "x"];
    const dead = states.filter((state) => {
      const info = parseStat(stat("x", state));
      return info && isDead(info);
    });
    expect(dead).toEqual(["Z", "X", "x"]);
  });
});
