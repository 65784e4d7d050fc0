import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { eventsOf, gate, openManager, until } from "../../support/manager.js";

const tasks = functionExecutor(async ({ input, emit, request }) => {
  await emit("assistant.message", { message_id: "m0", text: `did ${request.prompt}` });
  for (let next = await input.next(); next; next = await input.next()) {
    await next.delivered();
    await emit("assistant.message", { message_id: next.input_id, text: `did ${next.text}` });
  }
});

describe("RunManager.input", () => {
  it("hands queued input over as further tasks and records each one's result", async () => {
    const { promise: go, resolve: start } = Promise.withResolvers<void>();
    const manager = await openManager(
      functionExecutor(async (context) => {
        await go;
        await tasks.execute(context);
      }),
    );
    const run = await manager.start({ prompt: "first" });
    await until(async () => (await manager.get(run.id)).status === "running");
    expect(await manager.input(run.id, { text: "second" })).toMatchObject({ input_id: "I-1", state: "pending" });
    await manager.input(run.id, { text: "steer me", delivery: "steer" });
    await manager.input(run.id, { text: "never" });
    await manager.withdraw(run.id, "I-3");
    await expect(manager.withdraw(run.id, "I-3")).rejects.toMatchObject({ code: "input_delivered" });
    await expect(manager.withdraw(run.id, "I-9")).rejects.toMatchObject({ code: "input_not_found" });
    start();
    await run.done();
    const events = (await eventsOf(manager, run.id)).filter((event) => event.type.startsWith("input."));
    expect(events.map((event) => [event.type, event.payload["input_id"], event.payload["result"]])).toEqual([
      ["input.accepted", "I-1", undefined],
      ["input.accepted", "I-2", undefined],
      ["input.accepted", "I-3", undefined],
      ["input.withdrawn", "I-3", undefined],
      ["input.delivered", "I-2", undefined],
      ["input.delivered", "I-1", undefined],
      ["input.completed", "I-1", "did second"],
    ]);
    expect((await manager.inputs(run.id)).map(({ input_id, state, delivery }) => [input_id, state, delivery])).toEqual([
      ["I-1", "delivered", "queue"],
      ["I-2", "delivered", "steer"],
      ["I-3", "withdrawn", "queue"],
    ]);
    await expect(manager.input(run.id, { text: "late" })).rejects.toMatchObject({ code: "run_finished" });
    await expect(manager.withdraw(run.id, "I-1")).rejects.toMatchObject({ code: "input_delivered" });
  });

  it("keeps a kept-open run idle without a slot until its next input", async () => {
    const manager = await openManager(tasks, { concurrency: 1 });
    const run = await manager.start({ prompt: "first", keep_open: true });
    const types = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const event of manager.attach(run.id, { follow: false })) found.push(event.type);
      return found;
    };
    await until(async () => (await types()).includes("run.idle"));
    expect((await manager.get(run.id)).status).toBe("running");
    const other = await manager.start({ prompt: "needs the slot" });
    expect((await other.done()).status).toBe("completed");
    await manager.input(run.id, { text: "second" });
    await until(async () => (await types()).filter((type) => type === "run.idle").length === 2);
    expect(await manager.cancel(run.id)).toMatchObject({ status: "canceled", result: "did second" });
  });

  it("refuses input the executor does not take, and more than the limit", async () => {
    const { executor } = gate();
    const manager = await openManager(executor, {
      limits: { inputs: 2 },
      executors: {
        deaf: functionExecutor(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())), {
          queue: false,
          steer: false,
        }),
      },
      profiles: { deaf: { executor: "deaf" } },
    });
    const deaf = await manager.start({ prompt: "x", profile: "deaf" });
    await expect(manager.input(deaf.id, { text: "y" })).rejects.toMatchObject({ code: "unsupported_option" });
    await expect(manager.start({ prompt: "x", profile: "deaf", keep_open: true })).rejects.toMatchObject({
      code: "unsupported_option",
      details: { option: "keep_open" },
    });
    const run = await manager.start({ prompt: "x" });
    await manager.input(run.id, { text: "1" });
    await manager.input(run.id, { text: "2" });
    await expect(manager.input(run.id, { text: "3" })).rejects.toMatchObject({ code: "input_full" });
    await manager.cancel(run.id);
    const ends = (await eventsOf(manager, run.id)).slice(-3).map((event) => event.type);
    expect(ends).toEqual(["input.dropped", "input.dropped", "run.canceled"]);
    expect((await manager.inputs(run.id)).map((input) => input.state)).toEqual(["dropped", "dropped"]);
  });
});
