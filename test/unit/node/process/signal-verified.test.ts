import { afterEach, describe, expect, it, vi } from "vitest";
import { signalVerified } from "../../../../lib/node/process/signal-verified.js";
import { base, createFakeSystem } from "../../../support/fake-processes.js";

afterEach(() => void vi.restoreAllMocks());

describe("signalVerified", () => {
  it("signals a member that is still the same process", () => {
    const system = createFakeSystem();
    const member = system.add({ pid: base });
    expect(signalVerified(system.reader, new Map([[base, member]]), base, "SIGTERM")).toBe(true);
    expect(system.sent).toEqual([[base, "SIGTERM"]]);
  });

  it("never signals pid 1 or below, ourselves or our parent, members or not", () => {
    const system = createFakeSystem();
    for (const pid of [1, 0, -1, -base, 1.5, Number.NaN, process.pid, process.ppid]) {
      const member = system.add({ pid });
      expect(signalVerified(system.reader, new Map([[pid, member]]), pid, "SIGKILL")).toBe(false);
    }
    expect(system.sent).toEqual([]);
  });

  it("never signals who is no member", () => {
    const system = createFakeSystem();
    system.add({ pid: base });
    expect(signalVerified(system.reader, new Map(), base, "SIGKILL")).toBe(false);
    expect(system.sent).toEqual([]);
  });

  it("never signals a pid that means another process now, one that has ended or one that is dead", () => {
    const system = createFakeSystem();
    const member = system.add({ pid: base, startTicks: 100 });
    const members = new Map([[base, member]]);
    for (const now of [{ startTicks: 101 }, { state: "Z" }, { state: "X" }]) {
      system.add({ pid: base, startTicks: 100, ...now });
      expect(signalVerified(system.reader, members, base, "SIGKILL")).toBe(false);
    }
    system.processes.delete(base);
    expect(signalVerified(system.reader, members, base, "SIGKILL")).toBe(false);
    expect(system.sent).toEqual([]);
  });

  it("takes an end in this very instant, or the lack of permission, for no signal sent", () => {
    const system = createFakeSystem();
    const member = system.add({ pid: base });
    for (const code of ["ESRCH", "EPERM"]) {
      vi.mocked(process.kill).mockImplementationOnce(() => {
        throw Object.assign(new Error(code), { code });
      });
      expect(signalVerified(system.reader, new Map([[base, member]]), base, "SIGKILL")).toBe(false);
    }
  });
});
