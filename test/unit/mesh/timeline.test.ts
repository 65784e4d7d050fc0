import { describe, expect, it } from "vitest";
import { openTestMesh } from "../../support/mesh.js";

describe("The timeline of a peer", () => {
  it("has what happened to it and what it did, newest first, and nothing of others", async () => {
    const { call, peer } = await openTestMesh();
    const [api, docs] = [await peer("api"), await peer("docs")];
    await peer("stranger");
    const { correlation_id } = await call("asks.ask", { to_peer: "docs", text: "where?" }, { caller: api.caller });
    await call("messages.notify", { to_peer: "stranger", text: "not about docs" });
    await call("asks.ack", { correlation_id, message: "here" }, { caller: docs.caller });
    await call("session.update", { peer_id: docs.peer_id, turn: { turn_id: "t-1", event: "started", first_line: "Hello" } });
    const { events, next_cursor } = await call("peers.timeline", { id: "docs" });
    expect(next_cursor).toBeUndefined();
    expect(events.map(({ type }) => type).toReversed()).toEqual([
      "peer.registered",
      "message.sent",
      "ask.opened",
      "message.state",
      "ask.delivered",
      "ask.closed",
      "message.sent",
      "peer.turn",
    ]);
    expect(events.every((event, at) => at === 0 || event.seq < (events[at - 1]?.seq ?? 0))).toBe(true);
    const stranger = (await call("peers.timeline", { id: "stranger" })).events.map(({ type }) => type);
    expect(stranger).toEqual(["message.sent", "peer.registered"]);
  });

  it("comes in pages, over a restart too, and is there when the peer is gone, by its id", async () => {
    const before = await openTestMesh();
    const { peer_id } = await before.peer("docs");
    for (const text of ["one", "two", "three"]) await before.call("messages.notify", { to_peer: "docs", text });
    const { call } = await before.reopen();
    await call("peers.remove", { id: "docs" });
    const whole = (await call("peers.timeline", { id: peer_id })).events.map(({ seq }) => seq);
    expect(whole.length).toBeGreaterThan(6);
    const paged: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await call("peers.timeline", { id: peer_id, limit: 3, ...(cursor !== undefined && { cursor }) });
      expect(page.events.length).toBeLessThanOrEqual(3);
      paged.push(...page.events.map(({ seq }) => seq));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(paged).toEqual(whole);
    await expect(call("peers.timeline", { id: "docs" })).rejects.toMatchObject({ code: "peer_not_found" });
  });

  it("shows a peer no more of another than the feed does", async () => {
    const { call, peer } = await openTestMesh();
    const [api, docs] = [await peer("api"), await peer("docs")];
    const far = await peer("far", { circle: "other" });
    await call("messages.notify", { to_peer: "docs", text: "between the person and docs" });
    await call("messages.notify", { to_peer: "docs", text: "from api" }, { caller: api.caller });
    const seen = async (caller: typeof api.caller) =>
      (await call("peers.timeline", { id: docs.peer_id }, { caller })).events.map(({ type, payload }) => payload["text"] ?? type);
    expect(await seen(docs.caller)).toEqual(["from api", "between the person and docs", "peer.registered"]);
    expect(await seen(api.caller)).toEqual(["from api", "peer.registered"]);
    expect(await seen(far.caller)).toEqual([]);
  });
});
