import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { openTestMesh } from "../../support/mesh.js";

describe("A list of the mesh", () => {
  it.for([
    ["a whole second", "2026-01-02T03:04:05Z", 2],
    ["milliseconds", "2026-01-02T03:04:05.500Z", 2],
    ["tenths of a second", "2026-01-02T03:04:05.6Z", 1],
    ["a minute", "2026-01-02T03:05:00Z", 0],
  ] as const)("has what was made since a time that names %s", async ([, since, count]) => {
    const { host, call, peer } = await openTestMesh();
    host.clock.jump(Date.parse("2026-01-02T03:04:05.500Z") - host.clock.now());
    await peer("docs");
    await call("asks.ask", { to_peer: "docs", text: "first" });
    host.clock.jump(100);
    await call("asks.ask", { to_peer: "docs", text: "second" });
    expect((await call("asks.list", { since })).asks).toHaveLength(count);
    expect((await call("messages.list", { since })).messages).toHaveLength(count);
  });

  it("of peers shows each once, whoever comes and goes between its pages", async () => {
    const { call, peer } = await openTestMesh();
    const ids: string[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) ids.push((await peer(name)).peer_id);
    const page = async (cursor?: string) => {
      const { peers, next_cursor } = await call("peers.list", { limit: 2, backend: "service", ...(cursor && { cursor }) });
      return { names: peers.map(({ display_name }) => display_name), next_cursor };
    };
    const first = await page();
    for (const id of [ids[0], ids[4]]) await call("peers.remove", { id: id as string });
    await peer("f");
    const second = await page(first.next_cursor);
    const third = await page(second.next_cursor);
    expect([first.names, second.names, third]).toEqual([["e", "d"], ["c", "b"], { names: ["schedules", "jobs"], next_cursor: undefined }]);
  });
});

describe("A trace", () => {
  it("says what a full disk kept from it, as a stage like any other", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { call, peer, host, mesh, manager } = await openTestMesh({ store });
    await peer("docs");
    const { correlation_id } = await call("asks.ask", { to_peer: "docs", text: "?" });
    store.failCommits(1, "storage_full");
    const stage = { ...mesh.traces.stages(correlation_id, { stage: "pending" }), puts: [] };
    await expect(manager.journal.append({ ...stage, whenFull: "refuse" }).committed).rejects.toMatchObject({ code: "storage_full" });
    await host.clock.advance(1000);
    const { stages } = await call("traces.get", { trace_id: correlation_id });
    expect(stages.at(-1)).toMatchObject({ stage: "system.notice", status: "fail", detail: { code: "storage_full" } });
    expect(stages.map(({ seq }) => seq)).toEqual(stages.map((_, at) => at + 1));
  });
});
