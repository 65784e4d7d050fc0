import { describe, expect, it } from "vitest";
import { createPerform, createServices, functionExecutor, localCaller, Mesh, operations, RunManager } from "../../../lib/index.js";
import { createTestHost } from "../../../lib/testing/index.js";

async function openMesh() {
  const host = createTestHost();
  const manager = new RunManager({
    host,
    profiles: { echo: { executor: "echo" } },
    executors: {
      echo: functionExecutor(async (context) => {
        for (let input = await context.input.next(); input; input = await context.input.next()) {
          await input.delivered();
          await context.emit("assistant.message", { text: `echo ${input.text}` });
        }
        return "over";
      }),
    },
  });
  await manager.open();
  const mesh = new Mesh({ manager });
  await mesh.open();
  const perform = createPerform(createServices(manager, { mesh }), manager.idempotency);
  const call = async (name: string, input: object, caller = localCaller) => {
    const operation = operations.find((row) => row.name === name);
    if (!operation) throw new Error(name);
    return perform(operation, input as never, { caller, signal: new AbortController().signal, requestId: "q" });
  };
  return { host, manager, mesh, call };
}

describe("The mesh, from end to end", () => {
  it("asks a service in the process and brings back its reply", async () => {
    const { call, mesh } = await openMesh();
    const { body } = await call("peers.register", { backend: "service", name: "upper" });
    mesh.receive((body as { peer: { peer_id: string } }).peer.peer_id, ({ text }) => text.toUpperCase());
    const asked = await call("asks.ask", { to_peer: "upper", text: "hello" });
    const { correlation_id } = asked.body as { correlation_id: string };
    expect(asked.body).toMatchObject({ delivery_state: "delivered" });
    expect((await call("asks.get", { id: correlation_id })).body).toMatchObject({
      state: "closed",
      reply_text: "HELLO",
      close_reason: "ack_with_msg",
    });
    const { stages } = (await call("traces.get", { trace_id: correlation_id })).body as { stages: { stage: string }[] };
    expect(stages.map(({ stage }) => stage)).toEqual(["created", "resolved_peer", "routed", "acked", "closed"]);
  });

  it("asks a run, whose task's result is the reply", async () => {
    const { call, manager, mesh } = await openMesh();
    const run = await manager.start({ prompt: "wait", profile: "echo", keep_open: true });
    await call("peers.register", { backend: "run", name: "echo", run_id: run.id });
    const { body } = await call("asks.ask", { to_peer: "echo", text: "hi" });
    const { correlation_id } = body as { correlation_id: string };
    const waited = await call("asks.wait", { id: correlation_id });
    expect(waited.body).toMatchObject({ status: "resolved", reply_text: "echo hi", replied_by: "turn" });
    expect(mesh.asks.openCount).toBe(0);
  });

  it("keeps what is for the person until it is looked at", async () => {
    const { call } = await openMesh();
    await call("peers.register", { backend: "service", name: "worker" });
    const { body, status } = await call("messages.notify", { to_peer: "human", from_peer: "worker", text: "done" });
    expect(status).toBe(202);
    expect(body).toMatchObject({ delivery_state: "queued", queued: true });
    expect((await call("deliveries.pending", { peer_id: "human" })).body).toMatchObject({ total: 1 });
    expect((await call("messages.list", { peer_id: "human", direction: "inbound" })).body).toMatchObject({ messages: [{ text: "done" }] });
  });
});
