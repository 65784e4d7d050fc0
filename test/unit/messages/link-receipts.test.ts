import { describe, expect, it } from "vitest";
import { fakeSocket } from "../../support/fake-socket.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

const service = { type: "connect", v: 1, backend: "service", name: "worker", capabilities: ["delivery_receipts"] };

async function connected(more: object = {}) {
  const mesh = await openTestMesh();
  const socket = fakeSocket(mesh);
  await socket.send({ ...service, ...more });
  return { mesh, socket, peer_id: String(socket.frames[0]?.["peer_id"]) };
}

/** Begins a call and lets it get as far as it does without a receipt. */
async function begun<Value>({ host }: TestMesh, call: Promise<Value>): Promise<{ readonly reply: Promise<Value> }> {
  call.catch(() => {});
  await host.clock.advance(0);
  return { reply: call };
}

const stagesOf = async ({ call }: TestMesh, trace_id: string) => (await call("traces.get", { trace_id })).stages.map(({ stage }) => stage);

describe("A receipt", () => {
  it.each([
    ["injected", undefined, 200, { delivery_state: "delivered", delivered: true }, ["websocket_sent", "hook_received", "pane_injected"]],
    [
      "failed",
      "tmux",
      202,
      { delivery_state: "queued", reason: "injection_failed" },
      ["websocket_sent", "hook_received", "injection_failed"],
    ],
    [
      "rejected",
      "copy mode",
      202,
      { delivery_state: "queued", reason: "injection_failed" },
      ["websocket_sent", "hook_received", "injection_failed"],
    ],
    ["rejected", "not_idle", 202, { delivery_state: "queued", reason: "not_idle" }, ["websocket_sent", "hook_received", "deferred"]],
  ])("%s (%s) answers a notification %i", async (status, detail, httpStatus, body, stages) => {
    const { mesh, socket } = await connected();
    const { reply } = await begun(mesh, mesh.reply("messages.notify", { to_peer: "worker", text: "hi" }));
    const [frame] = socket.of("notify");
    expect(frame).toMatchObject({ text: "hi", from_peer: "human" });
    await socket.ack(frame?.["delivery_id"], status, detail);
    expect(await reply).toMatchObject({ status: httpStatus, body });
    expect(await stagesOf(mesh, String(frame?.["delivery_id"]))).toEqual(["created", "resolved_peer", "routed", ...stages]);
  });

  it.each([
    ["injected", undefined, { delivery_state: "delivered" }, "open", undefined],
    ["rejected", "not_idle", { delivery_state: "queued" }, "open", undefined],
    ["failed", "tmux", undefined, "closed", "send_failed"],
    ["rejected", "copy mode", undefined, "closed", "send_failed"],
  ])("%s (%s) of an ask", async (status, detail, body, state, close_reason) => {
    const { mesh, socket } = await connected();
    const { reply } = await begun(mesh, mesh.call("asks.ask", { to_peer: "worker", text: "why?" }));
    const [frame] = socket.of("ask");
    await socket.ack(frame?.["delivery_id"], status, detail);
    if (body) expect(await reply).toMatchObject(body);
    else await expect(reply).rejects.toMatchObject({ code: "injection_failed" });
    const ask = await mesh.call("asks.get", { id: String(frame?.["correlation_id"]) });
    expect(ask).toMatchObject({ state, ...(close_reason !== undefined && { close_reason }) });
  });

  it("that does not come within 750 ms leaves the message sent, unverified, and out of memory", async () => {
    const { mesh, socket } = await connected();
    const { reply } = await begun(mesh, mesh.reply("messages.notify", { to_peer: "worker", text: "hi" }));
    await mesh.host.clock.advance(749);
    const delivery_id = String(socket.of("notify")[0]?.["delivery_id"]);
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "queued" });
    await mesh.host.clock.advance(1);
    expect(await reply).toMatchObject({
      status: 200,
      body: { delivery_state: "sent", delivered: false, queued: false, reason: "unverified" },
    });
    expect(mesh.mesh.mail.current(delivery_id)).toBeUndefined();
    const { stages } = await mesh.call("traces.get", { trace_id: delivery_id });
    expect(stages.at(-1)).toMatchObject({ stage: "websocket_sent", detail: { verified: false } });
  });

  it.each([
    ["injected", "delivered", ["hook_received", "pane_injected"]],
    ["failed", "failed", ["hook_received", "injection_failed"]],
  ])("that comes late, %s, makes a sent message %s, once", async (status, delivery_state, stages) => {
    const { mesh, socket } = await connected();
    await begun(mesh, mesh.reply("messages.notify", { to_peer: "worker", text: "hi" }));
    await mesh.host.clock.advance(60_000);
    const delivery_id = String(socket.of("notify")[0]?.["delivery_id"]);
    await Promise.all([socket.ack(delivery_id, status), socket.ack(delivery_id, status), socket.ack(delivery_id, "injected")]);
    await mesh.settle();
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state });
    expect((await stagesOf(mesh, delivery_id)).slice(-3)).toEqual(["websocket_sent", ...stages]);
    expect(mesh.mesh.mail.current(delivery_id)).toBeUndefined();
    const states = (await mesh.feed()).filter(({ type }) => type === "message.state").map(({ payload }) => payload["delivery_state"]);
    expect(states).toEqual(["sent", delivery_state]);
  });

  it("of another peer's message changes nothing", async () => {
    const { mesh, socket } = await connected();
    const other = fakeSocket(mesh);
    await other.send({ ...service, name: "other" });
    await begun(mesh, mesh.reply("messages.notify", { to_peer: "worker", text: "hi" }));
    await mesh.host.clock.advance(1_000);
    const delivery_id = String(socket.of("notify")[0]?.["delivery_id"]);
    await other.ack(delivery_id);
    await mesh.settle();
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "sent" });
    await socket.ack(delivery_id);
    await mesh.settle();
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "delivered" });
  });

  it("counts for nothing without the capability: such a message is sent at once, and never more", async () => {
    const { mesh, socket } = await connected({ capabilities: [] });
    const { body } = await mesh.reply("messages.notify", { to_peer: "worker", text: "hi" });
    expect(body).toMatchObject({ delivery_state: "sent", reason: "unverified" });
    const { delivery_id } = body as { delivery_id: string };
    await socket.ack(delivery_id);
    await mesh.settle();
    expect(socket.of("error")).toMatchObject([{ code: "invalid_request" }]);
    expect(await stagesOf(mesh, delivery_id)).not.toContain("pane_injected");
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "sent" });
  });

  it("may come as an error frame, which is a failure", async () => {
    const { mesh, socket } = await connected();
    const { reply } = await begun(mesh, mesh.reply("messages.notify", { to_peer: "worker", text: "hi" }));
    await socket.send({ type: "error", delivery_id: socket.of("notify")[0]?.["delivery_id"], code: "broken" });
    expect(await reply).toMatchObject({ status: 202, body: { reason: "injection_failed" } });
  });

  it("of the newest message decides whether the link is degraded", async () => {
    const { mesh, socket, peer_id } = await connected({ backend: "codex" });
    const inbound = async () => (await mesh.call("peers.get", { id: peer_id })).inbound_status;
    await begun(mesh, mesh.reply("messages.notify", { to_peer: "worker", text: "1" }));
    await socket.ack(socket.of("notify")[0]?.["delivery_id"]);
    expect(await inbound()).toBe("online");
    await mesh.host.clock.advance(5);
    const { reply } = await begun(mesh, mesh.reply("asks.ask", { to_peer: "worker", text: "2" }));
    await socket.ack(socket.of("ask")[0]?.["delivery_id"], "failed");
    await expect(reply).rejects.toMatchObject({ code: "injection_failed" });
    expect(await inbound()).toBe("degraded");
    expect(await mesh.call("peers.get", { id: peer_id })).toMatchObject({
      last_injected_at: expect.any(String),
      last_injection_failed_at: expect.any(String),
    });
  });

  it("that cannot come any more, because the socket went, leaves the message in the queue", async () => {
    const { mesh, socket, peer_id } = await connected();
    const { reply } = await begun(mesh, mesh.reply("asks.ask", { to_peer: "worker", text: "why?" }));
    socket.leave();
    expect(await reply).toMatchObject({ status: 202, body: { delivery_state: "queued" } });
    const again = fakeSocket(mesh);
    await again.send({ ...service, peer_id });
    const sent = socket.of("ask")[0];
    expect(again.of("ask")).toMatchObject([{ delivery_id: sent?.["delivery_id"], replay: true }]);
    expect(sent).not.toHaveProperty("replay");
  });
});

describe("What a connected peer says", () => {
  it("acknowledges asks, with the rules and errors of the operation", async () => {
    const { mesh, socket } = await connected();
    await begun(mesh, mesh.call("asks.ask", { to_peer: "worker", text: "why?" }));
    const id = String(socket.of("ask")[0]?.["correlation_id"]);
    const { peer_id: other } = await mesh.peer("other");
    await begun(mesh, mesh.call("asks.ask", { to_peer: other, text: "not you" }));
    const [foreign] = (await mesh.call("asks.pending", { peer_id: other })).asks;
    await socket.send({ type: "reply", correlation_id: foreign?.correlation_id, message: "mine" });
    await socket.send({ type: "reply", correlation_id: id, message: "because" });
    await socket.send({ type: "reply", correlation_id: id, message: "twice" });
    await socket.send({ type: "reply", correlation_id: "ask-none", message: "?" });
    expect(socket.of("result")).toEqual([
      { type: "result", for: foreign?.correlation_id, ok: false, code: "not_the_recipient" },
      { type: "result", for: id, ok: true },
      { type: "result", for: id, ok: false, code: "ask_closed" },
      { type: "result", for: "ask-none", ok: false, code: "ask_not_found" },
    ]);
    expect(await mesh.call("asks.get", { id })).toMatchObject({ close_reason: "ack_with_msg", reply_text: "because" });
  });

  it("brings replies to its own asks", async () => {
    const { mesh, socket, peer_id } = await connected();
    const upper = await mesh.peer("upper");
    const { correlation_id } = await mesh.call("asks.ask", { to_peer: "upper", text: "hi", from_peer: peer_id });
    await begun(mesh, mesh.call("asks.ack", { correlation_id, message: "HI" }, { caller: upper.caller }));
    expect(socket.of("reply")).toMatchObject([{ correlation_id, text: "HI", from_peer: "upper", close_reason: "ack_with_msg" }]);
  });

  it("reports status and changes, and is told what was refused", async () => {
    const { mesh, socket, peer_id } = await connected();
    await mesh.peer("taken");
    await socket.send({ type: "status", turn_state: "awaiting_input" });
    await socket.send({ type: "update", description: "reads", display_name: "reader" });
    await socket.send({ type: "update", display_name: "taken" });
    await socket.send({ type: "status" });
    await socket.send({ type: "status", turn: { turn_id: "t", event: "exploded" } });
    expect(await mesh.call("peers.get", { id: peer_id })).toMatchObject({
      turn_state: "awaiting_input",
      description: "reads",
      display_name: "reader",
    });
    expect(socket.of("result")).toEqual([
      { type: "result", for: "update", ok: true },
      { type: "result", for: "update", ok: false, code: "name_taken" },
    ]);
    expect(socket.of("error").map(({ code }) => code)).toEqual(["invalid_request", "invalid_request"]);
  });

  it.each(["injected", "failed"])("%s of a message that was never sent proves nothing", async (status) => {
    const { mesh, socket, peer_id } = await connected();
    await socket.ack("dlv-0000000000000000", status, "tmux");
    const shown = await mesh.call("peers.get", { id: peer_id });
    expect(shown).toMatchObject({ inbound_status: "online" });
    expect(shown).not.toHaveProperty("last_injected_at");
    expect(shown).not.toHaveProperty("last_injection_failed_at");
  });
});
