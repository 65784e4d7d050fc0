import { describe, expect, it } from "vitest";
import { createPsReader, parsePs } from "../../../../lib/node/process/ps-reader.js";

describe("parsePs", () => {
  it("reads pid, parent, group, state, start and name of each line, the group as the session", () => {
    const text = [
      "    1     0     1 Ss   Mon Nov 24 08:00:00 2025 /sbin/launchd",
      "  512     1   512 S+   Tue Nov 25  9:05:07 2025 my program (x)",
      "",
    ].join("\n");
    expect(parsePs(text)).toEqual([
      {
        pid: 1,
        ppid: 0,
        group: 1,
        session: 1,
        state: "S",
        startTicks: Date.parse("Mon Nov 24 08:00:00 2025") / 1000,
        foreground: false,
        name: "/sbin/launchd",
      },
      {
        pid: 512,
        ppid: 1,
        group: 512,
        session: 512,
        state: "S",
        startTicks: Date.parse("Tue Nov 25 9:05:07 2025") / 1000,
        foreground: true,
        name: "my program (x)",
      },
    ]);
  });

  it("leaves out what is no such line", () => {
    expect(parsePs("ps: illegal option\nPID PPID\n 1 2 S\n")).toEqual([]);
    expect(parsePs("")).toEqual([]);
  });
});

describe("createPsReader", () => {
  it("says that it sees no cookies and no handlers", () => {
    const reader = createPsReader();
    expect([reader.seesCookies, reader.cookie(process.pid), reader.catches(process.pid, 15)]).toEqual([false, undefined, false]);
  });
});
