import { constants } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPidnsLevel, namespacedArgv } from "../../../../../lib/node/process/levels/pidns.js";
import { createProcessTable } from "../../../../../lib/node/process/process-table.js";
import { base, createFakeSystem } from "../../../../support/fake-processes.js";

afterEach(() => void vi.restoreAllMocks());

const TERM = constants.signals.SIGTERM;

/** An outer process, the first one of its namespace, and the command. */
function bench(first: { catches?: readonly number[] } = { catches: [TERM] }) {
  const system = createFakeSystem();
  const room = createPidnsLevel(createProcessTable(system.reader), "store").enclose("R-1");
  system.add({ pid: base });
  system.add({ pid: base + 1, ppid: base, session: base, ...first });
  system.add({ pid: base + 2, ppid: base + 1, session: base });
  return { system, tree: room.tree({ pid: base, start_ticks: 100, boot_id: "boot" }) };
}

describe.runIf(process.platform === "linux")("createPidnsLevel", () => {
  it("sends TERM to the first process of the namespace alone", async () => {
    const { system, tree } = bench();
    expect(await tree.terminate(await tree.scan())).toBe(1);
    expect(system.sent).toEqual([[base + 1, "SIGTERM"]]);
  });

  it("waits with TERM until the first process has its handler", async () => {
    const { system, tree } = bench({});
    const sent = tree.terminate(await tree.scan());
    expect(system.sent).toEqual([]);
    system.add({ pid: base + 1, ppid: base, session: base, catches: [TERM] });
    expect(await sent).toBe(1);
    expect(system.sent).toEqual([[base + 1, "SIGTERM"]]);
  });

  it("sends no TERM when the outer process has gone", async () => {
    const { system, tree } = bench();
    await tree.scan();
    system.processes.delete(base);
    expect(await tree.terminate(await tree.scan())).toBe(0);
    expect(system.sent).toEqual([]);
  });

  it("kills the outer process, which takes all others with it, and without it each one", async () => {
    const { system, tree } = bench();
    expect(tree.kill(await tree.scan())).toBe(1);
    expect(system.sent).toEqual([[base, "SIGKILL"]]);
    expect(tree.kill(await tree.scan())).toBe(2);
    expect(system.processes.size).toBe(0);
  });
});

describe.runIf(process.platform === "linux")("namespacedArgv", () => {
  it("ends with the command as it is, and dies with us", () => {
    const argv = namespacedArgv(["tool", "a b", "$HOME"]);
    expect(argv.slice(-3)).toEqual(["tool", "a b", "$HOME"]);
    expect(argv.slice(1, 4)).toEqual(["--pdeathsig", "KILL", "--"]);
    expect(argv).toEqual(expect.arrayContaining(["--pid", "--fork", "--kill-child=KILL", "--bounding-set=-all"]));
  });

  it("hands over what is hidden as arguments, never as script", () => {
    const argv = namespacedArgv(["tool"], { home: "/home/o'neil/$(x)", sockets: ["/run/a b", "/run/c"] });
    const at = argv.indexOf("/home/o'neil/$(x)");
    expect(argv.slice(at, at + 4)).toEqual(["/home/o'neil/$(x)", "2", "/run/a b", "/run/c"]);
    expect(argv.filter((item) => item.includes("o'neil"))).toHaveLength(1);
  });
});
