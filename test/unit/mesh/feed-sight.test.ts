import { describe, expect, it } from "vitest";
import type { Caller } from "../../../lib/index.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

const seen = async ({ call }: TestMesh, caller: Caller, types: string) => {
  const { events } = await call("events.list", { types, limit: 1000 }, { caller });
  return events.map(({ payload }) => payload["text"] ?? payload["display_name"]);
};

describe("What a peer sees of the feed", () => {
  it("are its own asks and messages, whatever circle others are in", async () => {
    const test = await openTestMesh();
    const [one, two, three] = [await test.peer("one"), await test.peer("two"), await test.peer("three")];
    await test.call("asks.ask", { to_peer: "two", text: "ask" }, { caller: one.caller });
    await test.call("messages.notify", { to_peer: "one", text: "note" }, { caller: two.caller });
    for (const { caller } of [one, two])
      expect(await seen(test, caller, "ask.opened,message.sent")).toEqual(expect.arrayContaining(["ask", "note"]));
    expect(await seen(test, three.caller, "ask.opened,message.sent")).toEqual([]);
  });

  it("are the peers of its own circle, and no others", async () => {
    const test = await openTestMesh();
    const { caller } = await test.peer("blue-1", { backend: "codex", circle: "blue" });
    await test.peer("blue-2", { backend: "codex", circle: "blue" });
    await test.peer("red-1", { backend: "codex", circle: "red" });
    expect(await seen(test, caller, "peer.registered")).toEqual(["blue-1", "blue-2"]);
    const { events } = await test.call("events.list", { circle: "red" });
    expect(events.map(({ payload }) => payload["display_name"])).toEqual(["red-1"]);
  });
});
