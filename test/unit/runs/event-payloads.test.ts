import { describe, expect, expectTypeOf, it } from "vitest";
import { type EventPayloads, isEvent, RunManager, type RunSummary, type StreamEvent } from "../../../lib/index.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";

declare module "../../../lib/runs/event-payloads.js" {
  interface EventPayloads {
    "deploy.step": { readonly host: string };
  }
}

async function eventsOfOne(): Promise<StreamEvent[]> {
  const executor = functionExecutor(async ({ emit }) => {
    await emit("tool.result", { call_id: "c1", name: "bash", ok: false, error: "no" });
    await emit("deploy.step", { host: "a" });
    await emit("of.mine", { anything: 1 });
    // @ts-expect-error -- a payload without its members is found by the compiler
    await emit("tool.call", { call_id: "c2" });
    return "done";
  });
  const manager = new RunManager({ executors: { function: executor }, profiles: { craft: { executor: "function" } } });
  await manager.open();
  const { id } = await manager.start({ prompt: "x" });
  const events: StreamEvent[] = [];
  for await (const event of manager.attach(id)) if ("seq" in event) events.push(event);
  await manager.close();
  return events;
}

describe("isEvent", () => {
  it("tells an event by its type, and from there on its payload is typed", async () => {
    const events = await eventsOfOne();
    const [queued] = events;
    if (!queued || !isEvent(queued, "run.queued")) throw new Error("the first event is run.queued");
    expectTypeOf(queued.payload.prompt).toEqualTypeOf<string>();
    expectTypeOf(queued.seq).toEqualTypeOf<number>();
    expect(queued.payload).toMatchObject({ prompt: "x", profile: "craft", executor: "function", origin: "request" });
    const hosts = events.flatMap((event) => (isEvent(event, "deploy.step") ? [event.payload.host] : []));
    const errors = events.flatMap((event) => (isEvent(event, "tool.result") ? [event.payload.error] : []));
    expect([hosts, errors]).toEqual([["a"], ["no"]]);
    expect(events.filter((event) => isEvent(event, "run.completed")).map(({ payload }) => payload.result)).toEqual(["done"]);
    expectTypeOf<EventPayloads["run.completed"]["stop_reason"]>().toEqualTypeOf<NonNullable<RunSummary["stop_reason"]>>();
  });
});
