import { describe, expect, it } from "vitest";
import type { Caller } from "../../../lib/caller.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { type FeedFilter, keepOf, plainRules, sightOf } from "../../../lib/events/feed-filter.js";

const eventOf = (type: string, parts: Partial<StreamEvent> = {}): StreamEvent => ({
  id: "evt_1",
  seq: 1,
  type,
  time: "2026-01-02T03:04:05.678Z",
  payload: {},
  ...parts,
});
const callerOf = (bound: Partial<Caller>): Caller => ({ id: "token:T-1", door: "unix", scopes: ["read"], ...bound });

describe("keepOf", () => {
  const asked = eventOf("question.asked", { peer_id: "peer-1", payload: { circle: "dev" } });

  it.each<[FeedFilter, boolean]>([
    [{ types: ["question.asked"] }, true],
    [{ types: ["run.state", "question.asked"] }, true],
    [{ types: ["question"] }, false],
    [{ types: [] }, false],
    [{ peer_id: "peer-1" }, true],
    [{ peer_id: "peer-2" }, false],
    [{ circle: "dev" }, true],
    [{ circle: "ops" }, false],
    [{ types: ["question.asked"], peer_id: "peer-1", circle: "dev" }, true],
    [{ types: ["question.asked"], peer_id: "peer-1", circle: "ops" }, false],
  ])("%j keeps the event: %s", (filter, isKept) => {
    expect(keepOf(filter, undefined, plainRules)?.(asked)).toBe(isKept);
  });

  it("leaves it to whoever knows the peers what is in a circle", () => {
    const rules = { ...plainRules, inCircle: ({ peer_id }: StreamEvent, circle: string) => `${peer_id}-${circle}` === "peer-1-ops" };
    expect([keepOf({ circle: "ops" }, undefined, rules)?.(asked), keepOf({ circle: "dev" }, undefined, rules)?.(asked)]).toEqual([
      true,
      false,
    ]);
  });

  it("is nothing at all where nothing is asked: such a reader shares everybody's frames", () => {
    expect(keepOf({}, undefined, plainRules)).toBeUndefined();
  });

  it("asks the sight about every event, also about those that are not wanted", () => {
    const seen: string[] = [];
    const keep = keepOf({ types: ["b"] }, ({ type }) => seen.push(type) > 0, plainRules);
    expect([eventOf("a"), eventOf("b")].map((event) => keep?.(event))).toEqual([false, true]);
    expect(seen).toEqual(["a", "b"]);
  });
});

describe("sightOf", () => {
  const stateOf = (run_id: string, parent_id?: string): StreamEvent =>
    eventOf("run.state", { run_id, payload: { run_id, to: "queued", ...(parent_id !== undefined && { parent_id }) } });

  it("is unbounded for an owner, whatever the scopes", () => {
    expect(sightOf(callerOf({}), [], plainRules)).toBeUndefined();
  });

  it("shows a run itself and those below it, also those that are started later", () => {
    const sees = sightOf(callerOf({ run_id: "R-1" }), ["R-1", "R-2"], plainRules);
    const events = [
      stateOf("R-1"),
      stateOf("R-9"),
      eventOf("question.asked", { run_id: "R-2" }),
      stateOf("R-3", "R-2"),
      stateOf("R-4", "R-3"),
      eventOf("question.asked", { run_id: "R-4" }),
      stateOf("R-8", "R-9"),
      eventOf("peer.status", { peer_id: "peer-1" }),
    ];
    expect(events.map((event) => sees?.(event))).toEqual([true, false, true, true, true, true, false, false]);
  });

  it("learns of runs from their own events alone: another payload may say what it likes", () => {
    const sees = sightOf(callerOf({ run_id: "R-1" }), ["R-1"], plainRules);
    const lie = eventOf("ask.opened", { run_id: "R-9", payload: { parent_id: "R-1" } });
    expect([lie, stateOf("R-9")].map((event) => sees?.(event))).toEqual([false, false]);
  });

  it("shows a peer its own events, as long as nobody knows more", () => {
    const sees = sightOf(callerOf({ peer_id: "peer-1" }), [], plainRules);
    const events = [eventOf("peer.turn", { peer_id: "peer-1" }), eventOf("peer.turn", { peer_id: "peer-2" }), stateOf("R-1")];
    expect(events.map((event) => sees?.(event))).toEqual([true, false, false]);
  });

  it("asks whoever knows about circles, naming the caller", () => {
    const caller = callerOf({ peer_id: "peer-1" });
    const sees = sightOf(caller, [], { ...plainRules, visible: ({ payload }, { peer_id }) => payload["to"] === peer_id });
    expect([eventOf("message.sent", { payload: { to: "peer-1" } }), eventOf("message.sent")].map((event) => sees?.(event))).toEqual([
      true,
      false,
    ]);
  });

  it("shows a run that is a peer what it sees as either", () => {
    const sees = sightOf(callerOf({ run_id: "R-1", peer_id: "peer-1" }), ["R-1"], plainRules);
    expect([stateOf("R-1"), eventOf("peer.turn", { peer_id: "peer-1" }), stateOf("R-2")].map((event) => sees?.(event))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
