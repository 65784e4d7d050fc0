import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { isKernelThread, parseStat } from "../../../../lib/node/process/identity.js";
import { cookieName, systemReader } from "../../../../lib/node/process/process-reader.js";

const stat = (flags: number) => `12 (a) (b c) S 2 7 7 0 -1 ${flags} 0 0 0 0 3 4 0 0 20 0 1 0 4711 0 0 18446744073709551615`;

describe("parseStat", () => {
  it("counts the fields from the last bracket", () => {
    expect(parseStat(stat(0))).toEqual({
      pid: 12,
      name: "a) (b c",
      state: "S",
      ppid: 2,
      group: 7,
      session: 7,
      startTicks: 4711,
      foreground: false,
    });
  });
});

describe("isKernelThread", () => {
  it("goes by the kernel's own flag", () => {
    expect([isKernelThread(stat(0x20_8040)), isKernelThread(stat(0x40_0000))]).toEqual([true, false]);
  });
});

describe.runIf(process.platform === "linux")("systemReader", () => {
  it("lists ourselves and our children, and no thread of the kernel", () => {
    const found = systemReader().list();
    expect(found.map(({ pid }) => pid)).toContain(process.pid);
    expect(found.filter(({ name }) => name === "kthreadd")).toEqual([]);
  });

  it("finds the bearers of a cookie, also behind an environment larger than one read, and no others", async () => {
    const started = ["store-a.R-1", "store-a.R-2", "store-b.R-3"].map((cookie, index) =>
      spawn("sleep", ["30"], { stdio: "ignore", env: { FILLER: "x".repeat(index * 20_000), [cookieName]: cookie } }),
    );
    try {
      await Promise.all(started.map((child) => once(child, "spawn")));
      expect(systemReader().bearers("store-a.").toSorted()).toEqual(["store-a.R-1", "store-a.R-2"]);
      expect(systemReader().bearers("store-c.")).toEqual([]);
    } finally {
      for (const child of started) child.kill("SIGKILL");
    }
  });
});
