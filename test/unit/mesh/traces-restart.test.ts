import { describe, expect, it } from "vitest";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { createMemoryStore } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { openTestMesh } from "../../support/mesh.js";

const stagesOf = async ({ call }: Pick<Awaited<ReturnType<typeof openTestMesh>>, "call">, trace_id: string) =>
  (await call("traces.get", { trace_id })).stages.map(({ stage }) => stage);

describe("A trace", () => {
  it("is read from the store: no buffer of those who follow keeps its events", async () => {
    const events = createRingBuffer({ ringEvents: 100, ringBytes: 100_000 });
    const { call, peer } = await openTestMesh({ manager: { events } });
    await peer("worker");
    const { correlation_id } = await call("asks.ask", { to_peer: "worker", text: "x" });
    await call("asks.ack", { correlation_id });
    const { stages } = await call("traces.get", { trace_id: correlation_id });
    expect(stages.map(({ stage }) => stage)).toEqual(["created", "resolved_peer", "pending", "acked", "closed"]);
    const heldTo = (stream: string): number => events.subscribe(stream, () => {}).lastSeq();
    expect([heldTo(`trace:${correlation_id}`), heldTo("feed") > 0]).toEqual([0, true]);
  });
});

describe("After a restart", () => {
  it("the store is asked nothing of the traces of what is over", async () => {
    const looks: string[] = [];
    const inner = createMemoryStore();
    const store: typeof inner = {
      ...inner,
      read(stream, ...rest) {
        if (stream.startsWith("trace:")) looks.push(stream);
        return inner.read(stream, ...rest);
      },
    };
    const before = await openTestMesh({ store });
    const { caller } = await before.peer("docs");
    for (let n = 0; n < 30; n += 1) {
      const { correlation_id } = await before.call("asks.ask", { to_peer: "docs", text: "?", if_unavailable: "queue" });
      await before.call("asks.ack", { correlation_id }, { caller });
    }
    const { claim_id = "" } = await before.call("messages.claim", { limit: 100 });
    await before.call("messages.confirm", { claim_id });
    const open = await before.call("asks.ask", { to_peer: "docs", text: "still open" });
    const note = await before.call("messages.notify", { to_peer: "docs", text: "still waits" });
    looks.length = 0;
    const after = await before.reopen();
    expect(looks.toSorted()).toEqual([`trace:${open.correlation_id}`, `trace:${note.delivery_id}`].toSorted());
    expect((await after.call("asks.list", {})).asks).toHaveLength(31);
    for (const { correlation_id } of (await after.call("asks.list", { state: "closed" })).asks) {
      expect(await stagesOf(after, correlation_id)).toContain("closed");
    }
  });

  it("what may go on is traced on: an open ask, a message that waits, one of which a receipt comes late", async () => {
    const store = createFaultyStore(createMemoryStore());
    const before = await openTestMesh({ store });
    const [docs, unproven] = [await before.peer("docs"), await before.peer("unproven")];
    const had = await before.call("asks.ask", { to_peer: "docs", text: "is fetched" });
    const fetched = await before.call("messages.claim", {}, { caller: docs.caller });
    await before.call("messages.confirm", { claim_id: fetched.claim_id ?? "" }, { caller: docs.caller });
    const ask = await before.call("asks.ask", { to_peer: "docs", text: "?" });
    const note = await before.call("messages.notify", { to_peer: "docs", text: "!" });
    const told = await before.call("messages.broadcast", { text: "all" });
    const sent = await before.call("messages.notify", { to_peer: "unproven", text: "!" });
    const [waiting] = before.mesh.mail.waiting(unproven.peer_id).filter(({ delivery_id }) => delivery_id === sent.delivery_id);
    if (!waiting) throw new Error("nothing waits");
    await before.manager.journal.append(before.mesh.mail.change(waiting, "sent", { reason: "unverified" })).committed;

    const after = await before.reopen();
    const { claim_id = "" } = await after.call("messages.claim", {}, { caller: docs.caller });
    await after.call("messages.confirm", { claim_id }, { caller: docs.caller });
    for (const { correlation_id } of [ask, had]) {
      await after.call("asks.ack", { correlation_id, message: "here" }, { caller: docs.caller });
    }
    expect(await after.mesh.receipts.take(unproven.peer_id, sent.delivery_id, "injected")).toBe(true);
    expect((await stagesOf(after, ask.correlation_id)).slice(-4)).toEqual(["claimed", "confirmed", "acked", "closed"]);
    expect((await stagesOf(after, had.correlation_id)).slice(-2)).toEqual(["acked", "closed"]);
    expect((await stagesOf(after, note.delivery_id)).slice(-2)).toEqual(["claimed", "confirmed"]);
    expect((await stagesOf(after, sent.delivery_id)).slice(-2)).toEqual(["hook_received", "pane_injected"]);
    const [toDocs = ""] = told.delivery_ids;
    expect((await stagesOf(after, toDocs)).filter((stage) => stage === "confirmed")).toHaveLength(1);
  });
});
