import { describe, expect, it } from "vitest";
import { agentText } from "../../../lib/messages/agent-text.js";
import { openTestMesh } from "../../support/mesh.js";

async function asked(more: object = {}) {
  const test = await openTestMesh();
  const { caller, peer_id } = await test.peer("api", { backend: "codex" });
  const { correlation_id, delivery_id } = await test.call("asks.ask", {
    to_peer: "api",
    text: "status?",
    reply_from_turn: true,
    if_unavailable: "queue",
    ...more,
  });
  const message = await test.call("messages.get", { delivery_id });
  const [header = ""] = agentText(message).split("\n");
  const turn = (report: object) => test.call("session.update", { peer_id, turn: { turn_id: "t-1", ...report } as never }, { caller });
  const ask = async () => {
    await test.settle();
    return test.call("asks.get", { id: correlation_id });
  };
  return { ...test, caller, correlation_id, header, turn, ask };
}

describe("A turn that a runtime reports", () => {
  it("answers the ask whose very header began it, with its last words", async () => {
    const { header, turn, ask } = await asked();
    await turn({ event: "started", first_line: header });
    expect(await ask()).toMatchObject({ state: "open", turn_id: "t-1" });
    await turn({ event: "ended", final_message: "all green" });
    expect(await ask()).toMatchObject({ state: "closed", close_reason: "ack_with_msg", reply_text: "all green", replied_by: "turn" });
  });

  it("without last words acknowledges it", async () => {
    const { header, turn, ask } = await asked();
    await turn({ event: "started", first_line: header });
    await turn({ event: "ended" });
    expect(await ask()).toMatchObject({ close_reason: "ack", replied_by: "turn" });
  });

  it("binds nothing by an id that is merely quoted", async () => {
    const { header, turn, ask, correlation_id } = await asked();
    for (const first_line of [`> ${header}`, `see ${correlation_id}`, `${header} and more`]) await turn({ event: "started", first_line });
    await turn({ event: "ended", final_message: "no" });
    expect(await ask()).toMatchObject({ state: "open" });
  });

  it("binds no ask that is not to be answered so, nor one of another peer", async () => {
    const plain = await asked({ reply_from_turn: false });
    await plain.turn({ event: "started", first_line: plain.header });
    await plain.turn({ event: "ended", final_message: "no" });
    expect(await plain.ask()).toMatchObject({ state: "open" });
    const { peer, call, header, ask } = await asked();
    const other = await peer("other", { backend: "codex" });
    for (const event of ["started", "ended"] as const) {
      const turn = { turn_id: "t-9", event, first_line: header, final_message: "mine" };
      await call("session.update", { peer_id: other.peer_id, turn }, { caller: other.caller });
    }
    expect(await ask()).toMatchObject({ state: "open" });
  });

  it("comes after an explicit reply", async () => {
    const { call, caller, header, turn, ask, correlation_id } = await asked();
    await turn({ event: "started", first_line: header });
    await call("asks.ack", { correlation_id, message: "explicit" }, { caller });
    await turn({ event: "ended", final_message: "implicit" });
    expect(await ask()).toMatchObject({ reply_text: "explicit", replied_by: "ack" });
  });
});

describe("A run's task that an ask became", () => {
  it("may reply by itself before it is done: what is heard of its input then stands in the trace alone", async () => {
    const { call, manager, settle } = await openTestMesh();
    const run = await manager.start({ prompt: "wait", profile: "echo", keep_open: true });
    await call("peers.register", { backend: "run", name: "echo", run_id: run.id });
    const acks: Promise<unknown>[] = [];
    manager.on("event", ({ type }) => {
      if (type === "input.accepted") acks.push(call("asks.ack", { correlation_id: "early-reply", message: "done" }));
    });
    await call("asks.ask", { to_peer: "echo", text: "hi", correlation_id: "early-reply" });
    await Promise.all(acks);
    await settle();
    expect(acks).toHaveLength(1);
    expect(await call("asks.get", { id: "early-reply" })).toMatchObject({ reply_text: "done", delivery_state: "delivered" });
    const { stages } = await call("traces.get", { trace_id: "early-reply" });
    expect(stages.map(({ stage }) => stage)).toEqual(expect.arrayContaining(["run_delivered", "run_completed", "closed"]));
  });
});
