import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { eventsOf, gate, openManager, until, untilAborted } from "../../support/manager.js";

describe("RunManager.cancel", () => {
  it("aborts the executor with the reason and ends the run once", async () => {
    let reason: unknown;
    const manager = await openManager(
      functionExecutor(async ({ signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        reason = signal.reason;
        return "what it returns does not count";
      }),
    );
    const run = await manager.start({ prompt: "x" });
    await until(async () => (await manager.get(run.id)).status === "running");
    const [first, second] = await Promise.all([manager.cancel(run.id, { reason: "enough" }), manager.cancel(run.id)]);
    expect(first).toMatchObject({ status: "canceled", stop_reason: "canceled" });
    expect(second.last_seq).toBe(first.last_seq);
    expect(reason).toMatchObject({ code: "canceled" });
    const events = await eventsOf(manager, run.id);
    expect(events.map((event) => event.type)).toEqual(["run.queued", "run.started", "run.cancel_requested", "run.canceled"]);
    expect(events.at(-1)?.payload).toMatchObject({ by: "local", reason: "enough" });
    expect(await manager.cancel(run.id)).toEqual(first);
  });

  it("never calls the executor of a queued run", async () => {
    const { executor, contexts, release } = gate();
    const manager = await openManager(executor, { concurrency: 1 });
    const first = await manager.start({ prompt: "first" });
    const second = await manager.start({ prompt: "second" });
    expect(await manager.cancel(second.id)).toMatchObject({ status: "canceled" });
    expect((await eventsOf(manager, second.id)).map((event) => event.type)).toEqual(["run.queued", "run.cancel_requested", "run.canceled"]);
    release();
    await first.done();
    expect(contexts.map((context) => context.request.prompt)).toEqual(["first"]);
  });

  it("refuses a run that ended otherwise, and one that never was", async () => {
    const manager = await openManager(functionExecutor(() => "done"));
    const run = await manager.start({ prompt: "x" });
    await run.done();
    await expect(manager.cancel(run.id)).rejects.toMatchObject({ code: "run_finished", details: { run_status: "completed" } });
    await expect(manager.cancel("R-1760000000000000000_9")).rejects.toMatchObject({ code: "run_not_found" });
    await expect(manager.cancel("../../etc/passwd")).rejects.toMatchObject({ code: "run_not_found" });
  });

  it("gives up an executor that ignores the abort, and drops what it says later", async () => {
    const { promise: late, resolve: speak } = Promise.withResolvers<void>();
    let refused: unknown;
    const diagnostics: string[] = [];
    const manager = await openManager(
      functionExecutor(async ({ emit }) => {
        await late;
        refused = await emit("assistant.message", { message_id: "m", text: "too late" }).catch((error: unknown) => error);
      }),
      { graceMs: 10, limits: { killMs: 10 } },
    );
    manager.on("diagnostic", (name) => diagnostics.push(name));
    const run = await manager.start({ prompt: "x" });
    const record = await manager.cancel(run.id);
    expect(record.status).toBe("canceled");
    expect((await eventsOf(manager, run.id)).at(-1)?.payload).toMatchObject({ forced: true });
    speak();
    await until(() => refused !== undefined && diagnostics.includes("run.late_outcome"));
    expect(refused).toMatchObject({ code: "run_finished" });
    expect(await manager.get(run.id)).toEqual(record);
    expect(diagnostics).toContain("run.late_event");
  });

  it("cancels the cascade below a run at once and leaves detached children alone", async () => {
    const children: string[] = [];
    const parent = functionExecutor(async ({ start, signal }) => {
      children.push((await start({ prompt: "a", profile: "child" })).id);
      children.push((await start({ prompt: "b", profile: "child", cancel_policy: "detach" })).id);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    });
    const manager = await openManager(parent, { executors: { child: untilAborted }, profiles: { child: { executor: "child" } } });
    const run = await manager.start({ prompt: "x", key: "tree", metadata: { a: "b" } });
    await until(async () => children.length === 2 && (await manager.get(children[1] ?? "")).status === "running");
    await manager.cancel(run.id);
    const [cascaded, detached] = children as [string, string];
    expect(await manager.wait(cascaded)).toMatchObject({
      status: "canceled",
      stop_reason: "parent_ended",
      parent_id: run.id,
      key: "tree",
      metadata: { a: "b" },
    });
    expect(await manager.get(detached)).toMatchObject({ status: "running", cancel_policy: "detach" });
    const types = (await eventsOf(manager, run.id)).map((event) => event.type);
    expect(types.filter((type) => type === "run.child_started")).toHaveLength(2);
    expect(await manager.descendants(run.id)).toEqual(expect.arrayContaining([run.id, ...children]));
    await manager.cancel(detached);
  });

  it("ends cascading children when their parent completes", async () => {
    let child = "";
    const parent = functionExecutor(async ({ start }) => {
      child = (await start({ prompt: "a", profile: "child" })).id;
      return "done";
    });
    const manager = await openManager(parent, { executors: { child: untilAborted }, profiles: { child: { executor: "child" } } });
    const run = await manager.start({ prompt: "x" });
    expect((await run.done()).status).toBe("completed");
    expect(await manager.wait(child)).toMatchObject({ status: "canceled", stop_reason: "parent_ended" });
  });

  it("keeps the failure of an executor with its text and code", async () => {
    const manager = await openManager(
      functionExecutor(() => {
        throw new Error("no luck");
      }),
    );
    const run = await manager.start({ prompt: "x" });
    expect(await run.done()).toMatchObject({ status: "failed", stop_reason: "error", error: "no luck", error_code: "executor_error" });
  });
});

describe("RunManager.close", () => {
  it("interrupts what runs, ends streams after the terminal event, and is idempotent", async () => {
    const manager = await openManager(untilAborted);
    const run = await manager.start({ prompt: "x" });
    const events = eventsOf(manager, run.id);
    await until(async () => (await manager.get(run.id)).status === "running");
    await Promise.all([manager.close(), manager.close()]);
    expect((await events).at(-1)).toMatchObject({
      type: "run.interrupted",
      payload: { stop_reason: "shutdown", error_code: "daemon_shutdown" },
    });
    await expect(manager.start({ prompt: "x" })).rejects.toMatchObject({ code: "shutting_down", retryAfterSeconds: 5 });
  });

  it("lets runs finish while it drains", async () => {
    const { executor, release, running } = gate();
    const manager = await openManager(executor);
    const run = await manager.start({ prompt: "x" });
    await until(() => running() === 1);
    const events = eventsOf(manager, run.id);
    const closed = manager.close({ drainMs: 60_000 });
    release("finished");
    await closed;
    expect((await events).at(-1)).toMatchObject({ type: "run.completed", payload: { result: "finished" } });
  });
});
