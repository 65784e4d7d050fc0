import { describe, expect, it } from "vitest";
import { operationSchemas } from "../../../lib/contract/schemas.js";
import { castOf, goodCalls, meshOperations } from "../../support/mesh-inputs.js";
import { openMeshRoom } from "../../support/mesh-room.js";

/** What is wrong with a document, by the schema that the contract shows of it. */
function faultsOf(name: string, body: unknown): string[] {
  const { output } = operationSchemas[name as keyof typeof operationSchemas];
  const parsed = output.safeParse(body);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("A reply of the mesh", () => {
  it.each(
    meshOperations
      .filter(({ name, reply }) => reply !== "stream" && reply !== "bytes" && name !== "questions.askBlocking")
      .map(({ name }) => name),
  )("to %s is of the shape that the contract shows", async (name) => {
    const room = await openMeshRoom();
    const cast = await castOf(room);
    const { input, details } = (await goodCalls[name]?.(room, cast)) ?? { input: {} };
    const { body } = await room.reply(name as never, input, details);
    expect(faultsOf(name, body)).toEqual([]);
  });

  it("is so for what has been through much, too", async () => {
    const room = await openMeshRoom();
    const { call, peer, reply, put } = room;
    const [asker, docs] = [await peer("asker"), await peer("docs", { backend: "codex", path: "/srv/docs", session_id: "s-1" })];
    const by = { caller: asker.caller };
    const file = await put("text", "a.txt", "text/plain", asker.caller);
    const question = { kind: "choice" as const, options: [{ id: "a", title: "A" }] };
    const asks = [
      await call("asks.ask", { to_peer: "docs", text: "plain", attachments: [file] }, by),
      await call("asks.ask", { to_peer: "docs", text: "typed", question }, by),
      await call("asks.ask", { to_peer: "docs", text: "unwanted" }, by),
      await call("asks.ask", { to_peer: "docs", text: "taken back" }, by),
    ];
    const [plain = "", typed = "", unwanted = "", takenBack = ""] = asks.map(({ correlation_id }) => correlation_id);
    const note = await call("messages.notify", { to_peer: "docs", text: "note" });
    const many = await call("asks.askMany", { to_peers: ["docs", "nobody"], text: "all" }, by);
    const calls: [string, object, object?][] = [
      ["asks.ack", { correlation_id: plain, message: "done" }],
      ["questions.answer", { correlation_id: typed, option_id: "a", message: "so" }],
      ["asks.decline", { id: unwanted, message: "no" }],
      ["asks.cancel", { id: takenBack }],
      ["asks.ack", { correlation_id: plain }],
      ...[plain, typed, unwanted, takenBack].flatMap((id): [string, object, object?][] => [
        ["asks.get", { id }],
        ["asks.wait", { id }],
        ["traces.get", { trace_id: id }],
      ]),
      ["messages.get", { delivery_id: note.delivery_id }],
      ["messages.claim", { peer_id: asker.peer_id }],
      ["asks.askManyResult", { id: many.parent_id }],
      ["questions.list", { status: "all" }],
      ["questions.get", { id: typed }],
      ["messages.list", {}],
      ["asks.list", {}],
      ["peers.doctor", { id: "docs" }],
      ["peers.offline", { id: "docs", terminal: true, reason: "session_end" }],
      ["peers.get", { id: docs.peer_id }],
      ["events.list", { limit: 1000 }],
    ];
    const faults: string[] = [];
    for (const [name, input] of calls) {
      const { body } = await reply(name as never, input);
      faults.push(...faultsOf(name, body).map((fault) => `${name} ${fault}`));
    }
    expect(faults).toEqual([]);
  });

  it("to a blocking question is so, however it ends", async () => {
    const { call, host, peer } = await openMeshRoom();
    const { caller } = await peer("agent");
    const options = [
      { id: "allow", title: "Allow" },
      { id: "deny", title: "Deny" },
    ];
    const ask = (correlation_id: string) =>
      call("questions.askBlocking", { prompt: "May it?", options, correlation_id, metadata: { tool: "Bash" } }, { caller });
    const asked = ["tool-0001", "tool-0002", "tool-0003"].map(ask);
    await host.clock.advance(0);
    await call("questions.answer", { correlation_id: "tool-0001", option_id: "allow", message: "once" });
    await call("questions.answer", { correlation_id: "tool-0002", outcome: "denied" });
    await host.clock.advance(60_000);
    const replies = await Promise.all(asked);
    expect(replies.map(({ decision, reason }) => [decision, reason])).toEqual([
      ["allow", "answered"],
      ["deny", "denied"],
      ["deny", "timed_out"],
    ]);
    expect(replies.flatMap((reply) => faultsOf("questions.askBlocking", reply))).toEqual([]);
  });

  it("would be found of another shape", () => {
    expect(faultsOf("asks.cancel", { ok: true, correlation_id: "ask-1", close_reason: "canceled", delivery_state: "held" })).toHaveLength(
      1,
    );
    expect(faultsOf("asks.cancel", { ok: true, correlation_id: "ask-1" })).toHaveLength(1);
  });
});
