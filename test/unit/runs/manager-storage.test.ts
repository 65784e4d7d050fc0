import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { eventsOf, gate, openManager, until, untilAborted } from "../../support/manager.js";

describe("a full disk", () => {
  it("refuses new work, lets reads go on, cancels with 507, and takes up again when there is space", async () => {
    const host = createTestHost();
    const store = createFaultyStore(createMemoryStore());
    const manager = await openManager(untilAborted, { host, store });
    const run = await manager.start({ prompt: "x" });
    await until(async () => (await manager.get(run.id)).status === "running");
    store.failCommits(6, "storage_full");
    await expect(manager.start({ prompt: "y" })).rejects.toMatchObject({ code: "storage_full", status: 507 });
    await expect(manager.start({ prompt: "z" })).rejects.toMatchObject({ code: "storage_full" });
    expect((await manager.stats()).degraded).toContain("storage_full");
    expect((await manager.list()).runs.map((record) => record.prompt)).toEqual(["x"]);
    const canceled = manager.cancel(run.id).catch((error: unknown) => error);
    await host.clock.advance(500);
    expect(await canceled).toMatchObject({ code: "storage_full" });
    expect((await manager.get(run.id)).status).toBe("running");
    for (let failing = true; failing; ) {
      await host.clock.advance(1000);
      failing = (await manager.stats()).degraded.length > 0;
    }
    expect((await manager.wait(run.id)).status).toBe("canceled");
    expect((await eventsOf(manager, run.id)).map((event) => event.seq)).toEqual([1, 2, 3, 4]);
    await expect(manager.start({ prompt: "again" })).resolves.toHaveProperty("id");
  });
});

describe("a lost store", () => {
  it("acknowledges nothing any more and ends the executors", async () => {
    const store = createFaultyStore(createMemoryStore());
    let failed: AnodeError | undefined;
    const { executor, contexts } = gate();
    const manager = await openManager(executor, { store, onFailed: (error) => (failed = error) });
    const run = await manager.start({ prompt: "x" });
    await until(() => contexts.length === 1);
    store.failCommits(1, "store_failed");
    await expect(manager.start({ prompt: "y" })).rejects.toMatchObject({ code: "store_failed" });
    expect(failed).toMatchObject({ code: "store_failed" });
    expect(contexts[0]?.signal.aborted).toBe(true);
    await expect(run.done()).rejects.toMatchObject({ code: "store_failed" });
    await expect(manager.start({ prompt: "z" })).rejects.toMatchObject({ code: "store_failed" });
  });
});

describe("retention", () => {
  const quick = functionExecutor(() => "done");

  it("keeps the newest ended runs and removes the others with their events and questions", async () => {
    const asking = functionExecutor(async ({ ask }) => void (await ask({ kind: "acknowledge", scope: "user_question", prompt: "?" })));
    const manager = await openManager(asking, { retention: { keep: 10 }, onQuestion: () => ({}) });
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      const run = await manager.start({ prompt: `p${i}` });
      ids.push(run.id);
      await run.done();
    }
    await until(async () => (await manager.list()).runs.length === 10);
    await expect(manager.get(ids[0] ?? "")).rejects.toMatchObject({ code: "run_not_found" });
    expect((await manager.store.read(`run:${ids[0]}`, 0, 1)).lastSeq).toBe(0);
    expect((await manager.questions()).questions.map((question) => question.run_id)).not.toContain(ids[0]);
    expect((await manager.stats()).runs).toEqual({ completed: 10 });
  });

  it("never removes an active run nor the parent of one", async () => {
    let child = "";
    const parent = functionExecutor(async ({ start }) => {
      child = (await start({ prompt: "c", profile: "child", cancel_policy: "detach" })).id;
    });
    const manager = await openManager(parent, {
      executors: { child: untilAborted, quick },
      profiles: { child: { executor: "child" }, quick: { executor: "quick" } },
    });
    const run = await manager.start({ prompt: "p" });
    await run.done();
    await (await manager.start({ prompt: "q", profile: "quick" })).done();
    expect(await manager.prune({ keep: 0 })).toBe(1);
    expect((await manager.list()).runs.map((record) => record.prompt)).toEqual(["c", "p"]);
    await manager.cancel(child);
    expect(await manager.prune({ keep: 0 })).toBe(2);
  });

  it("removes what is older than the rule says", async () => {
    const host = createTestHost();
    const manager = await openManager(quick, { host });
    await (await manager.start({ prompt: "old" })).done();
    await host.clock.advance(10_000);
    await (await manager.start({ prompt: "new" })).done();
    expect(await manager.prune({ older_than_ms: 5_000 })).toBe(1);
    expect((await manager.list()).runs.map((record) => record.prompt)).toEqual(["new"]);
  });

  it("pages through runs newest first, without those of programs and containers", async () => {
    const manager = await openManager(quick);
    for (let i = 0; i < 5; i++) await (await manager.start({ prompt: `p${i}`, ...(i % 2 === 0 && { run_label: "even" }) })).done();
    const program = await manager.accept(
      { prompt: "service" },
      { caller: { id: "local", door: "in_process", scopes: ["admin"] }, origin: "program" },
    );
    await manager.wait(program.id);
    const first = await manager.list({ limit: 2 });
    expect(first.runs.map((run) => run.prompt)).toEqual(["p4", "p3"]);
    const second = await manager.list({ limit: 2, ...(first.next !== undefined && { before: first.next }) });
    expect(second.runs.map((run) => run.prompt)).toEqual(["p2", "p1"]);
    const third = await manager.list({ limit: 2, ...(second.next !== undefined && { before: second.next }) });
    expect(third).toMatchObject({ runs: [{ prompt: "p0" }] });
    expect(third.next).toBeUndefined();
    expect((await manager.list({ label: "even" })).runs).toHaveLength(3);
    expect((await manager.list({ origin: ["program"] })).runs.map((run) => run.prompt)).toEqual(["service"]);
  });
});
