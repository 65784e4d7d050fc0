import { afterEach, describe, expect, it, vi } from "vitest";
import { cookieOf, createGroupLevel } from "../../../../../lib/node/process/levels/group.js";
import { createProcessTable } from "../../../../../lib/node/process/process-table.js";
import { base, createFakeSystem } from "../../../../support/fake-processes.js";

afterEach(() => void vi.restoreAllMocks());

function bench(name: "group" | "group+cookie" = "group+cookie") {
  const system = createFakeSystem();
  const room = createGroupLevel(createProcessTable(system.reader), "store", name).enclose("R-1");
  const cookie = cookieOf("store", "R-1");
  system.add({ pid: base, cookie });
  system.add({ pid: base + 1, ppid: base, session: base, cookie });
  system.add({ pid: base + 2, ppid: 1, cookie });
  system.add({ pid: base + 9, ppid: 1 });
  return { system, room, tree: room.tree({ pid: base, start_ticks: 100, boot_id: "boot" }) };
}

describe("createGroupLevel", () => {
  it("starts the command as it is", () => expect(bench().room.wrap(["ls", "-l"])).toEqual(["ls", "-l"]));

  it.each([
    ["group", [base, base + 1]],
    ["group+cookie", [base, base + 1, base + 2]],
  ] as const)("at %s finds its members", async (name, pids) => {
    expect([...(await bench(name).tree.scan()).keys()]).toEqual(pids);
  });

  it("sends TERM once to each member and to nobody else", async () => {
    const { system, tree } = bench();
    expect(await tree.terminate(await tree.scan())).toBe(3);
    expect(system.sent).toEqual([base, base + 1, base + 2].map((pid) => [pid, "SIGTERM"]));
  });

  it("freezes before it kills, with what was forked meanwhile", async () => {
    const { system, tree } = bench();
    const members = await tree.scan();
    const send = vi.mocked(process.kill).getMockImplementation() ?? (() => true);
    let forked = false;
    vi.mocked(process.kill).mockImplementation((pid, signal) => {
      // The last one to be frozen has a child in the very moment.
      if (!forked && pid === base + 2) system.add({ pid: base + 3, ppid: base + 2 });
      forked ||= pid === base + 2;
      return send(pid, signal);
    });
    expect(tree.kill(members)).toBe(4);
    expect([...system.processes.keys()]).toEqual([base + 9]);
    const firstKill = system.sent.findIndex(([, signal]) => signal === "SIGKILL");
    expect(system.sent.slice(0, firstKill).every(([, signal]) => signal === "SIGSTOP")).toBe(true);
    expect(system.sent.slice(0, firstKill).map(([pid]) => pid)).toContain(base + 3);
  });

  it("remembers a member that has left the group, lost its parent and its cookie", async () => {
    const { system, tree } = bench();
    await tree.scan();
    system.processes.delete(base);
    system.add({ pid: base + 1, ppid: 1, session: base + 1 });
    expect([...(await tree.scan()).keys()]).toContain(base + 1);
    system.add({ pid: base + 1, ppid: 1, startTicks: 500 });
    expect([...(await tree.scan()).keys()]).not.toContain(base + 1);
  });
});
