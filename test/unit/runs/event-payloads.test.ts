import { describe, expect, expectTypeOf, it } from "vitest";
import { type EventPayloads, type FeedDraft, isEvent, RunManager, type RunSummary, type StreamEvent } from "../../../lib/index.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";

declare module "../../../lib/events/event-payloads.js" {
  interface EventPayloads {
    "deploy.step": { readonly host: string };
    /** What other tests tell the feed. */
    "test.event": object;
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

it("types what the feed tells of peers, asks, messages and questions in the same way", () => {
  const event: StreamEvent = { id: "evt_1", seq: 1, type: "ask.opened", time: "", payload: { correlation_id: "ask-1", text: "x" } };
  const named: string[] = [];
  if (isEvent(event, "ask.opened")) named.push(event.payload.text);
  if (isEvent(event, "ask.closed")) named.push(event.payload.close_reason);
  if (isEvent(event, "peer.status")) named.push(event.payload.to);
  if (isEvent(event, "run.state")) named.push(event.payload.to);
  if (isEvent(event, "question.closed")) named.push(event.payload.outcome);
  if (isEvent(event, "message.state")) named.push(event.payload.delivery_state);
  expect(named).toEqual(["x"]);
  // @ts-expect-error -- what goes to the feed is held to the table: its payload
  expectTypeOf({ type: "peer.retired", payload: { peer_id: "peer-1" } } as const).toExtend<FeedDraft>();
  // @ts-expect-error -- and its type
  expectTypeOf({ type: "peer.forgotten", payload: {} } as const).toExtend<FeedDraft>();
  expectTypeOf({ type: "ask.delivered", payload: {} as EventPayloads["ask.delivered"] } as const).toExtend<FeedDraft>();
});
