import { describe, expect, it } from "vitest";
import { openTestMesh } from "../../support/mesh.js";

describe("The mesh, from end to end", () => {
  it("asks a service in the process and brings back its reply", async () => {
    const { call, peer, mesh } = await openTestMesh();
    const { peer_id } = await peer("upper");
    mesh.receive(peer_id, ({ text }) => text.toUpperCase());
    const { correlation_id, delivery_state } = await call("asks.ask", { to_peer: "upper", text: "hello" });
    expect(delivery_state).toBe("delivered");
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({
      state: "closed",
      delivery_state: "delivered",
      reply_text: "HELLO",
      close_reason: "ack_with_msg",
    });
    const { stages, kind } = await call("traces.get", { trace_id: correlation_id });
    expect(kind).toBe("ask");
    expect(stages.map(({ stage, seq }) => `${seq} ${stage}`)).toEqual(["1 created", "2 resolved_peer", "3 routed", "4 acked", "5 closed"]);
  });

  it("asks a run, whose task's result is the reply", async () => {
    const { call, manager, mesh } = await openTestMesh();
    const run = await manager.start({ prompt: "wait", profile: "echo", keep_open: true });
    await call("peers.register", { backend: "run", name: "echo", run_id: run.id });
    const { correlation_id } = await call("asks.ask", { to_peer: "echo", text: "hi" });
    const waited = await call("asks.wait", { id: correlation_id });
    expect(waited).toMatchObject({
      status: "resolved",
      reply_text: expect.stringMatching(/^echo \[anode:ask .*\nhi\n/),
      replied_by: "turn",
    });
    expect(mesh.asks.openCount).toBe(0);
    const { stages } = await call("traces.get", { trace_id: correlation_id });
    expect(stages.map(({ stage }) => stage)).toEqual(expect.arrayContaining(["run_accepted", "run_delivered", "run_completed", "acked"]));
    expect(await call("peers.get", { id: "echo" })).toMatchObject({ status: "online", turn_state: "idle" });
  });

  it("keeps what is for the person until it is looked at", async () => {
    const { call, reply, peer } = await openTestMesh();
    const { caller } = await peer("worker");
    const { body, status } = await reply("messages.notify", { to_peer: "human", text: "done" }, { caller });
    expect(status).toBe(202);
    expect(body).toMatchObject({ delivery_state: "queued", queued: true, delivered: false });
    expect(await call("deliveries.pending", { peer_id: "human" })).toMatchObject({ total: 1 });
    expect(await call("deliveries.pending", { peer_id: "human" })).toMatchObject({ total: 1 });
    expect(await call("messages.list", { peer_id: "human", direction: "inbound" })).toMatchObject({ messages: [{ text: "done" }] });
  });
});
