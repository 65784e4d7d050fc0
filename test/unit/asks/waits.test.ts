import { describe, expect, it } from "vitest";
import { openTestMesh } from "../../support/mesh.js";

async function asked() {
  const test = await openTestMesh();
  const [asker, recipient] = [await test.peer("asker"), await test.peer("docs")];
  const { correlation_id } = await test.call("asks.ask", { to_peer: "docs", text: "where?" }, { caller: asker.caller });
  const wait = (timeout_ms?: number, signal?: AbortSignal) =>
    test.call(
      "asks.wait",
      { id: correlation_id, ...(timeout_ms !== undefined && { timeout_ms }) },
      { caller: asker.caller, ...(signal && { signal }) },
    );
  const ack = (message: string) => test.call("asks.ack", { correlation_id, message }, { caller: recipient.caller });
  const pushed = async () => (await test.call("deliveries.pending", { peer_id: asker.peer_id })).messages.map(({ text }) => text);
  return { ...test, asker, recipient, correlation_id, wait, ack, pushed };
}

describe("Waiting for the reply to an ask", () => {
  it.for([0, 1, 2, 3, 4, 5])("gives a reply that comes in the moment in which the wait begins (%i)", async (turns) => {
    const { wait, ack } = await asked();
    const acked = ack("here");
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    const [reply] = await Promise.all([wait(), acked]);
    expect(reply).toMatchObject({ status: "resolved", reply_text: "here" });
  });

  it("gives the reply, which is then not pushed", async () => {
    const { wait, ack, pushed, host, call, correlation_id } = await asked();
    const waiting = wait();
    await host.clock.advance(1000);
    await ack("here");
    expect(await waiting).toEqual({
      correlation_id,
      status: "resolved",
      close_reason: "ack_with_msg",
      reply_text: "here",
      replied_by: "ack",
    });
    expect(await pushed()).toEqual([]);
    await host.clock.advance(120_000);
    expect(await pushed()).toEqual([]);
    const { stages } = await call("traces.get", { trace_id: correlation_id });
    expect(stages.at(-1)).toMatchObject({ stage: "reply_delivered", detail: { by: "wait" } });
  });

  it("changes nothing when its time is over: 45 s unless it says otherwise", async () => {
    const { wait, host, call, correlation_id } = await asked();
    const waiting = wait();
    await host.clock.advance(44_999);
    const probe = await Promise.race([waiting, Promise.resolve("waits")]);
    expect(probe).toBe("waits");
    await host.clock.advance(1);
    expect(await waiting).toEqual({ correlation_id, status: "pending" });
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "open" });
  });

  it("keeps a reply for the next wait for a minute, then pushes it like any other", async () => {
    const { wait, ack, pushed, host } = await asked();
    const waiting = wait(1000);
    await host.clock.advance(1000);
    await waiting;
    await ack("here");
    await host.clock.advance(30_000);
    expect(await pushed()).toEqual([]);
    await host.clock.advance(30_000);
    expect(await pushed()).toEqual(["here"]);
    expect(await wait()).toMatchObject({ status: "resolved", reply_text: "here" });
  });

  it("fetches the kept reply with the next wait, and then nothing is pushed", async () => {
    const { wait, ack, pushed, host } = await asked();
    const waiting = wait(1000);
    await host.clock.advance(1000);
    await waiting;
    await ack("here");
    expect(await wait()).toMatchObject({ status: "resolved", reply_text: "here" });
    await host.clock.advance(120_000);
    expect(await pushed()).toEqual([]);
  });

  it("leaves the ask as it is when the one who waits goes away, and loses no reply", async () => {
    const { wait, ack, pushed, host, call, correlation_id } = await asked();
    const gone = new AbortController();
    const waiting = wait(undefined, gone.signal);
    await host.clock.advance(1000);
    gone.abort();
    await waiting;
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ state: "open" });
    await ack("here");
    await host.clock.advance(60_000);
    expect(await pushed()).toEqual(["here"]);
  });

  it("pushes a kept reply after a restart: whoever waited is gone", async () => {
    const before = await asked();
    const waiting = before.wait(1000);
    await before.host.clock.advance(1000);
    await waiting;
    await before.ack("here");
    const after = await before.reopen();
    expect((await after.call("deliveries.pending", { peer_id: before.asker.peer_id })).messages).toMatchObject([{ text: "here" }]);
    expect(await after.call("asks.get", { id: before.correlation_id })).toMatchObject({ reply_state: "queued" });
  });

  it("is bounded in number", async () => {
    const test = await openTestMesh({ manager: { limits: { meshWaits: 1 } } });
    await test.peer("docs");
    const { correlation_id } = await test.call("asks.ask", { to_peer: "docs", text: "?" });
    const first = test.call("asks.wait", { id: correlation_id, timeout_ms: 1000 });
    await expect(test.call("asks.wait", { id: correlation_id })).rejects.toMatchObject({ code: "too_many_waits", retryAfterSeconds: 1 });
    await test.host.clock.advance(1000);
    await first;
    const third = test.call("asks.wait", { id: correlation_id, timeout_ms: 1 });
    await test.host.clock.advance(1);
    expect(await third).toMatchObject({ status: "pending" });
  });
});

describe("A reply whose asker is gone", () => {
  async function keptReply() {
    const test = await openTestMesh();
    const like = { backend: "codex", path: "/srv/api" };
    const asker = await test.peer("api", like);
    const { caller } = await test.peer("docs");
    const { correlation_id } = await test.call("asks.ask", { to_peer: "docs", text: "?" }, { caller: asker.caller });
    const waiting = test.call("asks.wait", { id: correlation_id, timeout_ms: 1000 }, { caller: asker.caller });
    await test.host.clock.advance(1000);
    await waiting;
    await test.call("asks.ack", { correlation_id, message: "here" }, { caller });
    await test.call("peers.remove", { id: asker.peer_id });
    return { ...test, like, correlation_id };
  }

  it("goes to the one living peer that took its place", async () => {
    const { call, peer, host, like } = await keptReply();
    const heir = await peer("api", like);
    await host.clock.advance(60_000);
    expect((await call("deliveries.pending", { peer_id: heir.peer_id })).messages).toMatchObject([{ kind: "reply", text: "here" }]);
  });

  it("stays readable when nobody took its place, and the feed says that it did not arrive", async () => {
    const { call, peer, host, feed, correlation_id } = await keptReply();
    await peer("api", { backend: "codex", path: "/srv/other" });
    await host.clock.advance(60_000);
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ reply_text: "here", reply_state: "undeliverable" });
    expect((await feed()).filter(({ type }) => type === "reply.undeliverable")).toMatchObject([{ payload: { correlation_id } }]);
  });
});
