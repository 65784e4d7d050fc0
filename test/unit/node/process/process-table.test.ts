import { afterEach, describe, expect, it, vi } from "vitest";
import { createProcessTable } from "../../../../lib/node/process/process-table.js";
import { base, createFakeSystem } from "../../../support/fake-processes.js";

afterEach(() => void vi.restoreAllMocks());

function bench() {
  const system = createFakeSystem();
  const looks = { list: 0, cookie: 0 };
  const reader = {
    ...system.reader,
    list: () => ((looks.list += 1), system.reader.list()),
    cookie: (pid: number) => ((looks.cookie += 1), system.reader.cookie(pid)),
  };
  return { system, looks, table: createProcessTable(reader) };
}

describe("createProcessTable", () => {
  it("looks once for everybody who asks in one tick", async () => {
    const { looks, table } = bench();
    const [one, two] = await Promise.all([table.shared(), table.shared()]);
    expect(one).toBe(two);
    expect(looks.list).toBe(1);
  });

  it("never answers with a look from before the question", async () => {
    const { system, table } = bench();
    const before = table.shared();
    system.add({ pid: base });
    expect((await before).processes).toHaveLength(1);
    const after = table.shared();
    system.add({ pid: base + 1 });
    expect((await after).processes).toHaveLength(2);
  });

  it("reads a cookie when it is asked for, and only once per look", () => {
    const { system, looks, table } = bench();
    system.add({ pid: base, cookie: "s.R-1" });
    const snapshot = table.read();
    expect(looks.cookie).toBe(0);
    expect([snapshot.cookie(base), snapshot.cookie(base), snapshot.cookie(base + 1), snapshot.cookie(base + 1)]).toEqual([
      "s.R-1",
      "s.R-1",
      undefined,
      undefined,
    ]);
    expect(looks.cookie).toBe(2);
  });
});
