import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { eventsOf, openManager, until, untilAborted } from "../../support/manager.js";

describe("a budget", () => {
  it("of wall time warns at 80 % and ends the run at 100 %, waiting and idle time left out", async () => {
    const host = createTestHost();
    const asking = functionExecutor(async ({ ask, signal }) => {
      await ask({ kind: "acknowledge", scope: "user_question", prompt: "?", timeout_ms: 500_000 });
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    });
    const manager = await openManager(asking, { host });
    const run = await manager.start({ prompt: "x", budget: { wall_ms: 1000 } });
    await until(async () => (await manager.get(run.id)).status === "waiting");
    await host.clock.advance(100_000);
    const [question] = (await manager.questions()).questions;
    await manager.answer(run.id, question?.question_id ?? "", {});
    await host.clock.advance(799);
    expect((await manager.get(run.id)).status).toBe("running");
    await host.clock.advance(201);
    const events = await eventsOf(manager, run.id);
    expect(events.slice(-2).map((event) => [event.type, event.payload])).toMatchObject([
      ["budget.warning", { name: "wall_ms", limit: 1000 }],
      ["run.failed", { stop_reason: "budget_wall", error_code: "budget_exceeded" }],
    ]);
  });

  it("of events keeps the event that crosses the line", async () => {
    const manager = await openManager(
      functionExecutor(async ({ emit, signal }) => {
        for (let i = 1; i <= 20 && !signal.aborted; i++)
          await emit("assistant.message", { message_id: `m${i}`, text: "x" }).catch(() => {});
      }),
    );
    const run = await manager.start({ prompt: "x", budget: { events: 10 } });
    expect(await run.done()).toMatchObject({ status: "failed", stop_reason: "budget_events" });
    const types = (await eventsOf(manager, run.id)).map((event) => event.type);
    expect(types.filter((type) => type === "budget.warning")).toHaveLength(1);
    expect(types.indexOf("run.failed")).toBe(types.length - 1);
    expect(types.length).toBeLessThanOrEqual(13);
  });

  it("of bytes counts what the events weigh encoded", async () => {
    const manager = await openManager(
      functionExecutor(async ({ emit }) => void (await emit("assistant.message", { message_id: "m", text: "é".repeat(5000) }))),
    );
    expect(await (await manager.start({ prompt: "x", budget: { bytes: 9000 } })).done()).toMatchObject({ stop_reason: "budget_bytes" });
    expect(await (await manager.start({ prompt: "x", budget: { bytes: 12_000 } })).done()).toMatchObject({ status: "completed" });
  });

  it("of tokens and cost counts the runs below too", async () => {
    const child = functionExecutor(
      async ({ emit }) => void (await emit("usage.updated", { input_tokens: 60, output_tokens: 30, cost_usd: 0.5 })),
      { tokens: true, cost: true },
    );
    const parent = functionExecutor(
      async ({ start, signal }) => {
        await (await start({ prompt: "a", profile: "child" })).done();
        await (await start({ prompt: "b", profile: "child" })).done();
        await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));
      },
      { tokens: true, cost: true },
    );
    const manager = await openManager(parent, { executors: { child }, profiles: { child: { executor: "child" } } });
    const byTokens = await (await manager.start({ prompt: "x", budget: { tokens: 150 } })).done();
    expect(byTokens).toMatchObject({ status: "failed", stop_reason: "budget_tokens" });
    expect(byTokens.usage).toBeUndefined();
    expect(await (await manager.start({ prompt: "x", budget: { cost_usd: 0.9 } })).done()).toMatchObject({ stop_reason: "budget_cost" });
  });

  it("that has a default for all runs is bounded by what a request names", async () => {
    const host = createTestHost();
    const manager = await openManager(untilAborted, { host, budget: { wall_ms: 500 } });
    const run = await manager.start({ prompt: "x" });
    await until(async () => (await manager.get(run.id)).status === "running");
    await host.clock.advance(500);
    expect((await run.done()).stop_reason).toBe("budget_wall");
  });

  it("counts the event that starts the run: one that has no more than it never comes to its executor", async () => {
    let calls = 0;
    const manager = await openManager(functionExecutor(() => void (calls += 1)));
    const run = await manager.start({ prompt: "x", budget: { events: 2 } });
    expect(await run.done()).toMatchObject({ status: "failed", stop_reason: "budget_events" });
    expect(calls).toBe(0);
  });
});
