import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { openTestMesh } from "../../support/mesh.js";

const code = (name: string) => expect.objectContaining({ code: name });

describe("A notification", () => {
  it("to a function in the process is delivered when it has returned", async () => {
    const { call, reply, peer, mesh } = await openTestMesh();
    const { peer_id } = await peer("log");
    const seen: string[] = [];
    mesh.receive(peer_id, ({ text }) => void seen.push(text));
    const { status, body } = await reply("messages.notify", { to_peer: "log", text: "hi" });
    expect([status, body]).toEqual([200, expect.objectContaining({ delivery_state: "delivered", delivered: true, queued: false })]);
    expect(seen).toEqual(["hi"]);
    const { delivery_id } = body as { delivery_id: string };
    const { kind, stages } = await call("traces.get", { trace_id: delivery_id });
    expect([kind, stages.map(({ stage }) => stage)]).toEqual(["notify", ["created", "resolved_peer", "routed"]]);
  });

  it("that a function does not take goes back to the queue, and says why", async () => {
    const { call, reply, peer, mesh } = await openTestMesh();
    const { peer_id } = await peer("log");
    mesh.receive(peer_id, () => Promise.reject(new Error("no")));
    const { status, body } = await reply("messages.notify", { to_peer: "log", text: "hi" });
    expect([status, body]).toEqual([
      202,
      expect.objectContaining({ delivery_state: "queued", reason: "injection_failed", delivered: false }),
    ]);
    const { delivery_id } = body as { delivery_id: string };
    const { stages } = await call("traces.get", { trace_id: delivery_id });
    expect(stages.at(-1)).toMatchObject({ stage: "injection_failed", status: "fail" });
    expect(stages.map(({ stage }) => stage)).not.toContain("pane_injected");
  });

  it("to a peer that is away waits, or fails when it is to", async () => {
    const { call, reply, peer } = await openTestMesh();
    await peer("away", { backend: "codex" });
    await call("peers.offline", { id: "away" });
    expect(await reply("messages.notify", { to_peer: "away", text: "hi" })).toMatchObject({
      status: 202,
      body: { delivery_state: "queued" },
    });
    await expect(call("messages.notify", { to_peer: "away", text: "hi", if_unavailable: "fail" })).rejects.toEqual(
      code("no_live_transport"),
    );
    expect(await call("messages.list", { peer_id: "away", state: "failed" })).toMatchObject({
      messages: [{ reason: "no_live_transport" }],
    });
  });

  it("above the queue's bound is refused, and what waits stays", async () => {
    const { call, peer } = await openTestMesh({ manager: { limits: { messageQueue: 2 } } });
    const { peer_id } = await peer("slow");
    for (const text of ["one", "two"]) await call("messages.notify", { to_peer: "slow", text });
    await expect(call("messages.notify", { to_peer: "slow", text: "three" })).rejects.toEqual(code("inbox_full"));
    const { messages } = await call("deliveries.pending", { peer_id });
    expect(messages.map(({ text }) => text)).toEqual(["one", "two"]);
  });

  it("that waited too long expires once, and the feed tells it", async () => {
    const { call, peer, host, settle, feed } = await openTestMesh({ manager: { limits: { messageQueueMs: 60_000 } } });
    const { peer_id } = await peer("slow");
    const { delivery_id } = await call("messages.notify", { to_peer: "slow", text: "hi" });
    await host.clock.advance(180_000);
    await settle();
    expect(await call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "expired" });
    expect(await call("deliveries.pending", { peer_id })).toMatchObject({ total: 0 });
    expect((await feed()).filter(({ type }) => type === "message.expired")).toHaveLength(1);
  });

  it("is seen by its two ends alone", async () => {
    const { call, peer } = await openTestMesh();
    const from = await peer("from");
    const to = await peer("to");
    const other = await peer("other");
    const { delivery_id } = await call("messages.notify", { to_peer: "to", text: "secret" }, { caller: from.caller });
    for (const { caller } of [from, to]) expect(await call("messages.get", { delivery_id }, { caller })).toMatchObject({ text: "secret" });
    await expect(call("messages.get", { delivery_id }, { caller: other.caller })).rejects.toEqual(code("message_not_found"));
    expect(await call("messages.list", {}, { caller: other.caller })).toEqual({ messages: [] });
    await expect(call("deliveries.pending", { peer_id: to.peer_id }, { caller: other.caller })).rejects.toEqual(code("identity_unproven"));
  });

  it.for([
    ["text", { text: "" }],
    ["text", { text: " \n" }],
    ["text", { text: "x".repeat(65_537) }],
    ["text", { text: "a\u0000b" }],
    ["to_peer", { to_peer: undefined }],
    ["command", { command: "rm" }],
    ["attachments", { attachments: Array.from({ length: 17 }, (_, i) => `att-${i}`) }],
  ] as const)("with a bad %s is refused by that name", async ([field, bad]) => {
    const { reply } = await openTestMesh();
    const refused = reply("messages.notify", { to_peer: "human", text: "hi", ...bad });
    await expect(refused).rejects.toMatchObject({
      code: "invalid_request",
      details: { issues: [expect.objectContaining({ path: field })] },
    });
  });

  it("with files that are not there is refused as a whole", async () => {
    const { call, mesh } = await openTestMesh();
    const refused = call("messages.notify", { to_peer: "human", text: "hi", attachments: ["att-1"] });
    await expect(refused).rejects.toMatchObject({ code: "attachment_not_found", status: 422 });
    expect(mesh.mail.queued).toBe(0);
  });
});

describe("A broadcast", () => {
  it("reaches the live peers of the sender's circle but not the sender, and one failure stops nobody", async () => {
    const { call, peer, mesh } = await openTestMesh({ manager: { limits: { messageQueue: 1 } } });
    const me = await peer("me");
    const there = await peer("there");
    mesh.receive(there.peer_id, () => {});
    const waits = await peer("waits");
    const full = await peer("full");
    await call("messages.notify", { to_peer: "full", text: "x" });
    await peer("elsewhere", { circle: "other" });
    const away = await peer("away", { backend: "codex" });
    await call("peers.offline", { id: away.peer_id });
    await peer("left-out");
    const told = await call("messages.broadcast", { text: "hear", exclude: ["left-out"] }, { caller: me.caller });
    expect(told).toMatchObject({
      delivered: [there.peer_id],
      queued: [waits.peer_id],
      failed: [{ peer_id: full.peer_id, code: "inbox_full" }],
      sent: [],
    });
    expect(told.delivery_ids).toHaveLength(2);
    for (const trace_id of told.delivery_ids) {
      const { kind, stages } = await call("traces.get", { trace_id });
      expect([kind, stages[0]?.stage]).toEqual(["broadcast", "created"]);
      expect(stages.map(({ peer_id }) => peer_id)).toEqual(expect.arrayContaining([there.peer_id, waits.peer_id]));
    }
  });

  it("tells in its trace whom it found retired once it was stored", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { call, peer, mesh, settle } = await openTestMesh({ store });
    const [me, there, goes] = [await peer("me"), await peer("there"), await peer("goes")];
    store.holdCommits();
    const telling = call("messages.broadcast", { text: "hear" }, { caller: me.caller });
    await new Promise((resolve) => setImmediate(resolve));
    void mesh.peers.retire(goes.peer_id, "unregistered");
    store.releaseCommits();
    const { queued, failed, delivery_ids } = await telling;
    expect([queued, failed]).toEqual([[there.peer_id], [{ peer_id: goes.peer_id, code: "peer_retired" }]]);
    await settle();
    const { stages } = await call("traces.get", { trace_id: delivery_ids[0] as string });
    expect(stages.filter(({ stage }) => stage === "resolve_failed")).toMatchObject([
      { status: "fail", peer_id: goes.peer_id, detail: { code: "peer_retired" } },
    ]);
  });

  it("to another circle, or to all, is for admins", async () => {
    const { call, peer } = await openTestMesh();
    const { caller } = await peer("me");
    const other = await peer("other", { circle: "other" });
    for (const circle of ["other", "*"]) {
      await expect(call("messages.broadcast", { text: "hear", circle }, { caller })).rejects.toEqual(code("circle_forbidden"));
      expect((await call("messages.broadcast", { text: "hear", circle })).queued).toContain(other.peer_id);
    }
  });

  it("that the full disk refused leaves no trace", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { call, peer, mesh } = await openTestMesh({ store });
    await peer("one");
    store.failCommits(1, "storage_full");
    let trace_id = "";
    const begin = mesh.traces.begin.bind(mesh.traces);
    mesh.traces.begin = (id, ...rest) => begin((trace_id = id), ...rest);
    await expect(call("messages.broadcast", { text: "hear" })).rejects.toEqual(code("storage_full"));
    expect(trace_id).not.toBe("");
    expect(mesh.traces.has(trace_id)).toBe(false);
  });

  it("is sent once for one idempotency key", async () => {
    const store = createMemoryStore();
    const commit = store.commit.bind(store);
    // As on a disk: what becomes of a record's parts later is not in it.
    store.commit = (batch) => commit({ ...batch, puts: structuredClone(batch.puts ?? []) });
    const { reply, call, peer } = await openTestMesh({ store });
    const { peer_id } = await peer("one");
    const told = () => reply("messages.broadcast", { text: "hear" }, { idempotencyKey: "k" });
    const { delivery_ids } = (await told()).body as { readonly delivery_ids: readonly string[] };
    expect(await told()).toMatchObject({ status: 200, body: { delivery_ids, queued: [peer_id] } });
    expect(await call("messages.get", { delivery_id: String(delivery_ids[0]) })).toMatchObject({ to_peer_id: peer_id });
    expect(await call("deliveries.pending", { peer_id })).toMatchObject({ total: 1 });
  });
});

describe("A report of a session", () => {
  it("changes what it names and nothing else, and tells the turn to the feed", async () => {
    const { call, peer, feed } = await openTestMesh();
    const { peer_id, caller } = await peer("me", { backend: "codex", model: "a" });
    const turn = { turn_id: "t-1", event: "started", first_line: "do it" } as const;
    const shown = await call("session.update", { peer_id, status: "busy", turn_state: "working", turn }, { caller });
    expect(shown).toMatchObject({ status: "busy", turn_state: "working", model: "a" });
    const events = await feed();
    expect(events.filter(({ type }) => type === "peer.turn")).toMatchObject([{ payload: { peer_id, turn_id: "t-1", event: "started" } }]);
    expect(events.filter(({ type }) => type === "peer.status")).toMatchObject([{ payload: { from: "online", to: "busy" } }]);
  });

  it("names one peer and at least one change", async () => {
    const { call, peer } = await openTestMesh();
    const { peer_id } = await peer("me");
    await expect(call("session.update", { peer_id })).rejects.toEqual(code("invalid_request"));
    await expect(call("session.update", { peer_id, peer_name: "me", model: "x" })).rejects.toEqual(code("invalid_request"));
    await expect(call("session.update", { model: "x" })).rejects.toEqual(code("invalid_request"));
    expect(await call("session.update", { peer_name: "me", model: "x" })).toMatchObject({ model: "x" });
  });

  it("is for the peer itself", async () => {
    const { call, peer } = await openTestMesh();
    const { peer_id } = await peer("me");
    const { caller } = await peer("other");
    await expect(call("session.update", { peer_id, status: "busy" }, { caller })).rejects.toEqual(code("identity_unproven"));
  });
});
