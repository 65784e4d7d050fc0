import { describe, expect, it } from "vitest";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { createMemoryStore } from "../../../lib/index.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

async function twoPeers(mesh?: TestMesh) {
  const test = mesh ?? (await openTestMesh());
  const [asker, recipient] = [await test.peer("asker"), await test.peer("docs")];
  const ask = async (more: object = {}) =>
    test.call("asks.ask", { to_peer: "docs", text: "where?", if_unavailable: "queue", ...more }, { caller: asker.caller });
  return { ...test, asker, recipient, ask };
}

const code = (name: string) => expect.objectContaining({ code: name });

describe("An ask is closed once", () => {
  it("by a bare ack, with an event and a trace stage", async () => {
    const { ask, call, recipient, feed } = await twoPeers();
    const { correlation_id } = await ask();
    expect(await call("asks.ack", { correlation_id }, { caller: recipient.caller })).toMatchObject({ ok: true, close_reason: "ack" });
    const closings = (await feed()).filter(({ type }) => type === "ask.closed");
    expect(closings.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ correlation_id, close_reason: "ack", replied_by: "ack" }),
    ]);
    const { stages } = await call("traces.get", { trace_id: correlation_id });
    expect(stages.filter(({ stage }) => stage === "closed")).toEqual([expect.objectContaining({ detail: { close_reason: "ack" } })]);
  });

  it("by an ack with a message, which waits for its asker", async () => {
    const { ask, call, recipient, asker } = await twoPeers();
    const { correlation_id } = await ask();
    const acked = await call("asks.ack", { correlation_id, message: "in docs/" }, { caller: recipient.caller });
    expect(acked).toMatchObject({ close_reason: "ack_with_msg", delivery_state: "queued" });
    const { messages } = await call("deliveries.pending", { peer_id: asker.peer_id });
    expect(messages).toEqual([expect.objectContaining({ kind: "reply", text: "in docs/", correlation_id, close_reason: "ack_with_msg" })]);
  });

  it("and a second bare ack changes nothing, one with a message is refused", async () => {
    const { ask, call, recipient } = await twoPeers();
    const { correlation_id } = await ask();
    await call("asks.ack", { correlation_id, message: "first" }, { caller: recipient.caller });
    expect(await call("asks.ack", { correlation_id }, { caller: recipient.caller })).toMatchObject({ close_reason: "ack_with_msg" });
    await expect(call("asks.ack", { correlation_id, message: "second" }, { caller: recipient.caller })).rejects.toEqual(code("ask_closed"));
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ reply_text: "first" });
  });

  it("and waits again after a restart, as its message does, when it was claimed before", async () => {
    const { ask, call, recipient, reopen } = await twoPeers();
    const { correlation_id: id } = await ask();
    await call("messages.claim", { lease_ms: 300_000 }, { caller: recipient.caller });
    expect(await call("asks.get", { id })).toMatchObject({ state: "open", delivery_state: "claimed" });
    const next = await reopen();
    expect(await next.call("asks.get", { id })).toMatchObject({ state: "open", delivery_state: "queued" });
  });

  it("and what had not been delivered is not delivered any more", async () => {
    const { ask, call, asker, recipient } = await twoPeers();
    const { correlation_id } = await ask();
    expect(await call("deliveries.pending", { peer_id: recipient.peer_id })).toMatchObject({ total: 1 });
    await call("asks.cancel", { id: correlation_id }, { caller: asker.caller });
    expect(await call("deliveries.pending", { peer_id: recipient.peer_id })).toMatchObject({ total: 0 });
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ close_reason: "canceled", delivery_state: "canceled" });
  });

  it("by two acks at once for one of them alone", async () => {
    const { ask, call, recipient } = await twoPeers();
    const { correlation_id } = await ask();
    const replies = ["a", "b"].map((message) => call("asks.ack", { correlation_id, message }, { caller: recipient.caller }));
    const results = await Promise.allSettled(replies);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("when its time is over, and its asker is told", async () => {
    const { ask, call, host, mesh, asker, settle } = await twoPeers();
    const { correlation_id } = await ask({ expires_ms: 60_000 });
    await host.clock.advance(59_999);
    mesh.sweep();
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "open" });
    await host.clock.advance(60_000);
    mesh.sweep();
    await settle();
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "closed", close_reason: "expired" });
    expect(await call("deliveries.pending", { peer_id: asker.peer_id })).toMatchObject({ messages: [{ close_reason: "expired" }] });
  });

  it("when its recipient is retired: evicted, and the asker is told; what the peer asked is canceled", async () => {
    const { ask, call, asker, recipient, settle } = await twoPeers();
    const { correlation_id: inbound } = await ask();
    const { correlation_id: outbound } = await call(
      "asks.ask",
      { to_peer: "asker", text: "and you?", if_unavailable: "queue" },
      { caller: recipient.caller },
    );
    await call("peers.remove", { id: recipient.peer_id });
    expect(await call("asks.get", { id: inbound })).toMatchObject({ close_reason: "evicted" });
    expect(await call("asks.get", { id: outbound })).toMatchObject({ close_reason: "canceled" });
    await settle();
    const { messages } = await call("deliveries.pending", { peer_id: asker.peer_id });
    expect(messages.map(({ kind, close_reason }) => ({ kind, close_reason }))).toEqual([{ kind: "reply", close_reason: "evicted" }]);
    await expect(call("asks.ask", { to_peer: recipient.peer_id, text: "there?" })).rejects.toEqual(code("peer_retired"));
  });

  it("by a newer ask in reply to it, once that one is on its way; a failed one leaves it open", async () => {
    const { ask, call, recipient } = await twoPeers();
    const { correlation_id } = await ask();
    await call("peers.register", { backend: "codex", name: "gone" });
    await call("peers.offline", { id: "gone" });
    const failed = call("asks.ask", { to_peer: "gone", text: "?", reply_to: correlation_id }, { caller: recipient.caller });
    await expect(failed).rejects.toEqual(code("no_live_transport"));
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "open" });
    await call(
      "asks.ask",
      { to_peer: "asker", text: "which one?", reply_to: correlation_id, if_unavailable: "queue" },
      { caller: recipient.caller },
    );
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "closed", close_reason: "reply_to" });
  });

  it("and a reply to none, or to one of others, is refused before anything is there", async () => {
    const { ask, call, peer, feed, recipient } = await twoPeers();
    const { correlation_id } = await ask();
    const { caller } = await peer("stranger");
    const told = await feed();
    const replies = [
      [{ reply_to: "ask-0000000000000000" }, recipient.caller],
      [{ reply_to: correlation_id }, caller],
    ] as const;
    for (const [named, by] of replies) {
      const refused = call("asks.ask", { to_peer: "asker", text: "?", if_unavailable: "queue", ...named }, { caller: by });
      await expect(refused).rejects.toMatchObject({ code: "ask_not_found", message: expect.stringContaining("reply_to") });
    }
    expect(await feed()).toEqual(told);
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "open" });
  });

  it("declined by its recipient, with a word", async () => {
    const { ask, call, recipient } = await twoPeers();
    const { correlation_id } = await ask();
    const declined = await call("asks.decline", { id: correlation_id, message: "not mine" }, { caller: recipient.caller });
    expect(declined).toMatchObject({ ok: true, close_reason: "declined" });
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ reply_text: "not mine" });
    await expect(call("asks.decline", { id: correlation_id }, { caller: recipient.caller })).rejects.toEqual(code("ask_closed"));
  });
});

describe("An ask that cannot be delivered", () => {
  it("is closed before the error is answered, and its trace says why", async () => {
    const { call } = await twoPeers();
    await call("peers.register", { backend: "codex", name: "gone" });
    await call("peers.offline", { id: "gone" });
    await expect(call("asks.ask", { to_peer: "gone", text: "?", correlation_id: "my-ask-1" })).rejects.toEqual(code("no_live_transport"));
    expect(await call("asks.get", { id: "my-ask-1" })).toMatchObject({
      state: "closed",
      close_reason: "send_failed",
      delivery_state: "failed",
    });
    const { stages } = await call("traces.get", { trace_id: "my-ask-1" });
    expect(stages.map(({ stage, status }) => `${stage} ${status}`)).toEqual([
      "created ok",
      "resolved_peer ok",
      "no_connection fail",
      "closed ok",
    ]);
  });

  it("waits when it may", async () => {
    const { call, reply } = await twoPeers();
    await call("peers.register", { backend: "codex", name: "gone" });
    await call("peers.offline", { id: "gone" });
    const { status, body } = await reply("asks.ask", { to_peer: "gone", text: "?", if_unavailable: "queue" });
    expect([status, body]).toEqual([202, expect.objectContaining({ delivery_state: "queued" })]);
  });

  it("is refused without a record when the recipient's inbox is full", async () => {
    const { ask, call, recipient } = await twoPeers(await openTestMesh({ manager: { limits: { openAsks: 2 } } }));
    await ask();
    await ask();
    await expect(ask({ correlation_id: "one-too-many" })).rejects.toEqual(code("inbox_full"));
    await expect(call("asks.get", { id: "one-too-many" })).rejects.toEqual(code("ask_not_found"));
    await expect(call("traces.get", { trace_id: "one-too-many" })).rejects.toEqual(code("trace_not_found"));
    expect(await call("asks.pending", { peer_id: recipient.peer_id })).toMatchObject({ total: 2 });
  });

  it("is refused without a trace of it when the disk is full, and can be asked again", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { ask, call, mesh, host, settle } = await twoPeers(await openTestMesh({ store }));
    store.failCommits(1, "storage_full");
    await expect(ask({ correlation_id: "my-ask-1" })).rejects.toEqual(code("storage_full"));
    expect(mesh.asks.openCount).toBe(0);
    await expect(call("asks.get", { id: "my-ask-1" })).rejects.toEqual(code("ask_not_found"));
    await host.clock.advance(1000);
    await settle();
    expect(await ask({ correlation_id: "my-ask-1" })).toMatchObject({ correlation_id: "my-ask-1" });
    expect(mesh.asks.openCount).toBe(1);
  });
});

describe("Who may do what with an ask", () => {
  it("another peer may neither reply, nor wait, nor take it back, nor see it", async () => {
    const { ask, call, peer } = await twoPeers();
    const { correlation_id } = await ask();
    const { caller } = await peer("other");
    await expect(call("asks.ack", { correlation_id }, { caller })).rejects.toEqual(code("not_the_recipient"));
    await expect(call("asks.decline", { id: correlation_id }, { caller })).rejects.toEqual(code("not_the_recipient"));
    await expect(call("asks.wait", { id: correlation_id }, { caller })).rejects.toEqual(code("not_the_asker"));
    await expect(call("asks.cancel", { id: correlation_id }, { caller })).rejects.toEqual(code("not_the_asker"));
    await expect(call("asks.get", { id: correlation_id }, { caller })).rejects.toEqual(code("ask_not_found"));
    await expect(call("traces.get", { trace_id: correlation_id }, { caller })).rejects.toEqual(code("trace_not_found"));
    expect(await call("asks.list", {}, { caller })).toEqual({ asks: [] });
  });

  it("an owner may reply for the recipient", async () => {
    const { ask, call } = await twoPeers();
    const { correlation_id } = await ask();
    expect(await call("asks.ack", { correlation_id, message: "from the person" })).toMatchObject({ close_reason: "ack_with_msg" });
  });

  it("a peer sends as nobody else, an owner on anybody's behalf", async () => {
    const { call, asker } = await twoPeers();
    const as = (from_peer: string) => ({ to_peer: "docs", text: "?", from_peer, if_unavailable: "queue" as const });
    await expect(call("asks.ask", as("docs"), { caller: asker.caller })).rejects.toEqual(code("sender_mismatch"));
    await expect(call("asks.ask", as("nobody"))).rejects.toEqual(code("sender_not_found"));
    const { correlation_id } = await call("asks.ask", as("asker"));
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ from_name: "asker", via: "owner" });
    for (const from_peer of ["human", "cli", "dashboard"]) {
      const asked = await call("asks.ask", as(from_peer));
      expect(await call("asks.get", { id: asked.correlation_id })).toMatchObject({ from_name: "human" });
    }
  });

  it("circles part peers, but not services and owners who bypass them", async () => {
    const { call, peer } = await twoPeers();
    const { caller } = await peer("inside", { backend: "codex", circle: "secret" });
    await peer("outside", { backend: "codex" });
    const ask = { to_peer: "outside", circle: "default", text: "?", if_unavailable: "queue" as const };
    await expect(call("asks.ask", ask, { caller })).rejects.toEqual(code("circle_forbidden"));
    await expect(call("asks.ask", { ...ask, bypass_circle: true }, { caller })).rejects.toEqual(code("circle_forbidden"));
    await expect(call("asks.ask", { ...ask, from_peer: "inside" })).rejects.toEqual(code("circle_forbidden"));
    expect(await call("asks.ask", { ...ask, from_peer: "inside", bypass_circle: true })).toMatchObject({ delivery_state: "queued" });
    expect(await call("asks.ask", { ...ask, to_peer: "human" }, { caller })).toMatchObject({ delivery_state: "queued" });
  });
});

describe("A correlation_id of the caller's own", () => {
  it("gives the same ask for the same content, and refuses any other", async () => {
    const { ask, call, recipient, mesh } = await twoPeers();
    const first = await ask({ correlation_id: "deploy-2026" });
    expect(await ask({ correlation_id: "deploy-2026" })).toEqual(first);
    expect(mesh.asks.openTo(recipient.peer_id)).toHaveLength(1);
    await expect(ask({ correlation_id: "deploy-2026", text: "other" })).rejects.toEqual(code("correlation_conflict"));
    const other = call("asks.ask", { to_peer: "docs", text: "where?", correlation_id: "deploy-2026", if_unavailable: "queue" });
    await expect(other).rejects.toEqual(code("correlation_conflict"));
  });

  it("is one ask for two calls at once", async () => {
    const { ask, mesh, recipient } = await twoPeers();
    const both = await Promise.all([ask({ correlation_id: "deploy-2026" }), ask({ correlation_id: "deploy-2026" })]);
    expect(new Set(both.map(({ delivery_id }) => delivery_id)).size).toBe(1);
    expect(mesh.mail.waiting(recipient.peer_id)).toHaveLength(1);
  });

  it.for(["x", "Upper-1234", "my_ask-1234", "a-12", `a1-${"x".repeat(101)}`])("%s has a wrong form", async (correlation_id) => {
    const { ask } = await twoPeers();
    await expect(ask({ correlation_id })).rejects.toEqual(code("invalid_request"));
  });

  it("an idempotency key gets the first reply again, whatever has become of the ask", async () => {
    const { call, reply, recipient, asker } = await twoPeers();
    const details = { caller: asker.caller, idempotencyKey: "key-1" };
    const input = { to_peer: "docs", text: "where?", if_unavailable: "queue" };
    const first = await reply("asks.ask", input, details);
    const { correlation_id } = first.body as { correlation_id: string };
    await call("asks.ack", { correlation_id }, { caller: recipient.caller });
    expect(await reply("asks.ask", input, details)).toEqual({ status: 202, body: { ...(first.body as object), delivery_state: "queued" } });
    await expect(reply("asks.ask", { ...input, text: "other" }, details)).rejects.toEqual(code("idempotency_mismatch"));
  });
});

describe("Open asks", () => {
  it("are listed for both ends, newest first, and reading changes nothing", async () => {
    const { ask, call, asker, recipient } = await twoPeers();
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.unshift((await ask({ text: `ask ${i}` })).correlation_id);
    const pending = (peer_id: string, direction?: "inbound" | "outbound" | "both") =>
      call("asks.pending", { peer_id, limit: 2, ...(direction && { direction }) });
    for (let i = 0; i < 2; i += 1) {
      const { asks, total } = await pending(recipient.peer_id);
      expect([asks.map(({ correlation_id }) => correlation_id), total]).toEqual([ids.slice(0, 2), 3]);
    }
    expect(await pending(asker.peer_id)).toMatchObject({ total: 0 });
    expect(await pending(asker.peer_id, "outbound")).toMatchObject({ total: 3 });
    expect(await pending(asker.peer_id, "both")).toMatchObject({ total: 3 });
    await expect(call("asks.pending", { peer_id: asker.peer_id, pane_id: "%1" })).rejects.toEqual(code("invalid_request"));
    await expect(call("asks.pending", {})).rejects.toEqual(code("invalid_request"));
    await expect(call("asks.pending", { pane_id: "x7" })).rejects.toEqual(code("invalid_pane_id"));
  });

  it("survive a restart, with what waits for delivery and their life", async () => {
    const before = await twoPeers();
    const { correlation_id } = await before.ask({ expires_ms: 120_000 });
    const after = await before.reopen();
    expect(await after.call("asks.get", { id: correlation_id })).toMatchObject({ state: "open", delivery_state: "queued" });
    expect(await after.call("deliveries.pending", { peer_id: before.recipient.peer_id })).toMatchObject({ total: 1 });
    expect(await after.call("peers.get", { id: "docs" })).toMatchObject({ status: "offline", status_reason: "restart" });
    const acked = await after.call("asks.ack", { correlation_id, message: "late" }, { caller: before.recipient.caller });
    expect(acked).toMatchObject({ close_reason: "ack_with_msg" });
    const { stages } = await after.call("traces.get", { trace_id: correlation_id });
    expect(stages.map(({ seq }) => seq)).toEqual(stages.map((_, at) => at + 1));
    expect(stages.map(({ stage }) => stage)).toEqual(["created", "resolved_peer", "pending", "acked", "closed"]);
  });
});
