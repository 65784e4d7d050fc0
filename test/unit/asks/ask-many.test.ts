import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { openTestMesh } from "../../support/mesh.js";

async function three() {
  const store = createFaultyStore(createMemoryStore());
  const test = await openTestMesh({ store });
  const names = ["one", "two", "three"] as const;
  const callers = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await test.peer(name)] as const)));
  const ask = (to_peers: string[], more: object = {}) => test.call("asks.askMany", { to_peers, text: "status?", ...more });
  const ack = async (name: (typeof names)[number], message?: string) => {
    const { asks } = await test.call("asks.pending", { peer_id: name });
    const { correlation_id = "" } = asks[0] ?? {};
    await test.call("asks.ack", { correlation_id, ...(message !== undefined && { message }) }, { caller: callers[name]?.caller as never });
  };
  const result = (id: string) => test.call("asks.askManyResult", { id });
  return { ...test, store, callers, ask, ack, result };
}

describe("An ask to many", () => {
  it("opens one ask for each peer, however it is spelled, and counts their ends", async () => {
    const { ask, ack, result, callers, mesh } = await three();
    const { parent_id, children } = await ask(["one", callers["one"]?.peer_id as string, "two", "three", "nobody"]);
    expect(parent_id).toMatch(/^askm-[0-9a-f]{16}$/);
    expect(children.map(({ peer, error_code }) => [peer, error_code])).toEqual([
      ["one", undefined],
      ["two", undefined],
      ["three", undefined],
      ["nobody", "peer_not_found"],
    ]);
    expect(mesh.asks.openCount).toBe(3);
    expect(await result(parent_id)).toMatchObject({
      state: "pending",
      timed_out: false,
      rollup: { total: 4, replied: 0, acked: 0, pending: 3, failed: 1 },
    });
    await ack("one", "fine");
    await ack("two");
    expect(await result(parent_id)).toMatchObject({ state: "pending", rollup: { replied: 1, acked: 1, pending: 1, failed: 1 } });
    await ack("three", "fine too");
    const report = await result(parent_id);
    expect(report).toMatchObject({ state: "complete", timed_out: false, rollup: { replied: 2, acked: 1, pending: 0, failed: 1 } });
    expect(report.children.map(({ reply_text }) => reply_text)).toEqual(["fine", undefined, "fine too", undefined]);
  });

  it("traces under its own id which of its targets are no peers or out of reach, as far as its asker is concerned", async () => {
    const { ask, call, callers, peer, mesh, settle, store } = await three();
    const far = await peer("far", { circle: "other" });
    const { caller } = callers["one"] as never as { caller: never };
    const { parent_id } = await call("asks.askMany", { to_peers: ["two", "nobody", far.peer_id], text: "?" }, { caller });
    const { kind, stages } = await call("traces.get", { trace_id: parent_id }, { caller });
    expect([kind, ...stages.map(({ stage, status, detail }) => [stage, status, detail])]).toEqual([
      "ask",
      ["created", "ok", { targets: 3 }],
      ["resolve_failed", "fail", { code: "peer_not_found", peer: "nobody" }],
      ["resolve_failed", "fail", { code: "circle_forbidden", peer: far.peer_id }],
    ]);
    const other = call("traces.get", { trace_id: parent_id }, { caller: callers["two"]?.caller as never });
    await expect(other).rejects.toMatchObject({ code: "trace_not_found" });

    // One that is retired while the ask is stored was there when it was named.
    store.holdCommits();
    const asking = ask(["two", "three"]);
    await new Promise((resolve) => setImmediate(resolve));
    void mesh.peers.retire(callers["three"]?.peer_id as string, "unregistered");
    store.releaseCommits();
    const { parent_id: second, children } = await asking;
    expect(children[1]).toMatchObject({ delivery_state: "failed", error_code: "peer_retired" });
    await settle();
    expect((await call("traces.get", { trace_id: second })).stages.slice(1)).toMatchObject([
      { stage: "resolve_failed", status: "fail", peer_id: callers["three"]?.peer_id, detail: { code: "peer_retired", peer: "three" } },
    ]);
  });

  it("is partial when its deadline passes, whoever looks or not; its asks stay open", async () => {
    const { ask, ack, result, host, mesh } = await three();
    const { parent_id } = await ask(["one", "two"], { timeout_ms: 10_000 });
    await ack("one", "fine");
    await host.clock.advance(10_000);
    expect(await result(parent_id)).toMatchObject({ state: "partial", timed_out: true, rollup: { pending: 1 } });
    expect(mesh.asks.openCount).toBe(1);
    await ack("two", "late");
    expect(await result(parent_id)).toMatchObject({ state: "complete", timed_out: true, rollup: { replied: 2 } });
  });

  it("survives a restart with its deadline, and is forgotten a day after its end", async () => {
    const before = await three();
    const { parent_id } = await before.ask(["one", "two"], { timeout_ms: 10_000 });
    const after = await before.reopen();
    expect(await after.call("asks.askManyResult", { id: parent_id })).toMatchObject({ state: "pending", rollup: { pending: 2 } });
    await after.host.clock.advance(10_000);
    expect(await after.call("asks.askManyResult", { id: parent_id })).toMatchObject({ state: "partial" });
    for (const name of ["one", "two"]) {
      const { asks } = await after.call("asks.pending", { peer_id: name });
      await after.call("asks.ack", { correlation_id: asks[0]?.correlation_id ?? "" });
    }
    // The wall clock alone goes on: a day of sweeps tells nothing that one does not.
    after.host.clock.jump(23 * 3_600_000);
    await after.host.clock.advance(60_000);
    expect(await after.call("asks.askManyResult", { id: parent_id })).toMatchObject({ state: "complete" });
    after.host.clock.jump(2 * 3_600_000);
    await after.host.clock.advance(60_000);
    await expect(after.call("asks.askManyResult", { id: parent_id })).rejects.toMatchObject({ code: "ask_not_found" });
  });

  it("is its asker's alone", async () => {
    const { ask, callers, call } = await three();
    const { parent_id } = await ask(["one"]);
    const caller = callers["two"]?.caller as never;
    await expect(call("asks.askManyResult", { id: parent_id }, { caller })).rejects.toMatchObject({ code: "ask_not_found" });
  });

  it("is one for one idempotency key", async () => {
    const { reply, mesh } = await three();
    const input = { to_peers: ["one", "two"], text: "status?" };
    const first = await reply("asks.askMany", input, { idempotencyKey: "k" });
    const second = await reply("asks.askMany", input, { idempotencyKey: "k" });
    expect((second.body as { parent_id: string }).parent_id).toBe((first.body as { parent_id: string }).parent_id);
    expect(mesh.asks.openCount).toBe(2);
  });
});
