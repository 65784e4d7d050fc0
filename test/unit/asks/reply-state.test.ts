import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { openTestMesh } from "../../support/mesh.js";

/** An ask that was acknowledged while its asker was not there: the reply waits. */
async function acked() {
  const test = await openTestMesh();
  const [asker, docs] = [await test.peer("asker"), await test.peer("docs")];
  const { correlation_id: id } = await test.call("asks.ask", { to_peer: "docs", text: "?" }, { caller: asker.caller });
  const ack = await test.call("asks.ack", { correlation_id: id, message: "here" }, { caller: docs.caller });
  return { ...test, asker, docs, id, ack };
}

type World = Awaited<ReturnType<typeof acked>>;

const stateIn = async ({ call, id }: Pick<World, "call" | "id">) => (await call("asks.get", { id })).reply_state;
const listed = async ({ call }: Pick<World, "call">) => (await call("asks.list", {})).asks.map(({ reply_state }) => reply_state);
const stages = async ({ call, id }: Pick<World, "call" | "id">) =>
  (await call("traces.get", { trace_id: id })).stages.map(({ stage }) => stage).filter((stage) => stage === "reply_delivered");

async function fetch({ call, asker }: Pick<World, "call" | "asker">, lease_ms = 1000) {
  const { claim_id = "" } = await call("messages.claim", { lease_ms }, { caller: asker.caller });
  return () => call("messages.confirm", { claim_id }, { caller: asker.caller });
}

describe("What an ask says of its reply", () => {
  it("is queued until the asker has fetched and confirmed it", async () => {
    const world = await acked();
    expect([world.ack, await stateIn(world)]).toMatchObject([{ delivery_state: "queued" }, "queued"]);
    const confirm = await fetch(world);
    expect([await stateIn(world), await stages(world)]).toEqual(["queued", []]);
    await confirm();
    expect([await stateIn(world), await listed(world), await stages(world)]).toEqual(["delivered", ["delivered"], ["reply_delivered"]]);
  });

  it("names the message that brings it, and is stored with that", async () => {
    const world = await acked();
    const { reply_delivery_id = "" } = await world.call("asks.get", { id: world.id });
    expect(await world.call("messages.get", { delivery_id: reply_delivery_id })).toMatchObject({ kind: "reply", delivery_state: "queued" });
  });

  it("follows it over a restart", async () => {
    const world = await acked();
    await fetch(world, 300_000);
    const next = { ...world, ...(await world.reopen()) };
    expect(await stateIn(next)).toBe("queued");
    await (await fetch(next))();
    expect([await stateIn(next), await listed(next)]).toEqual(["delivered", ["delivered"]]);
  });

  it("is undeliverable when it has waited for too long, and the feed says so", async () => {
    const world = await acked();
    world.host.clock.jump(25 * 3_600_000);
    world.mesh.sweep();
    await world.settle();
    expect([await stateIn(world), await listed(world)]).toEqual(["undeliverable", ["undeliverable"]]);
    expect((await world.feed()).filter(({ type }) => type === "reply.undeliverable")).toMatchObject([
      { payload: { correlation_id: world.id } },
    ]);
  });

  it("follows a receipt that comes after nobody waited for it any more", async () => {
    const world = await acked();
    const { reply_delivery_id = "" } = await world.call("asks.get", { id: world.id });
    const [reply] = world.mesh.mail.waiting(world.asker.peer_id);
    if (!reply) throw new Error("no reply waits");
    // Handed over, nothing proven.
    await world.manager.journal.append(world.mesh.mail.change(reply, "sent", { reason: "unverified" })).committed;
    expect(await stateIn(world)).toBe("sent");
    await world.mesh.receipts.take(world.asker.peer_id, reply_delivery_id, "injected");
    await world.settle();
    expect([await stateIn(world), await stages(world)]).toEqual(["delivered", ["reply_delivered"]]);
  });
});

describe("A reply that meets a full disk", () => {
  /** An ask to a peer, on a store that a test can fill for so many seconds. */
  async function asked() {
    const store = createFaultyStore(createMemoryStore());
    const test = await openTestMesh({ store });
    const [asker, docs] = [await test.peer("asker"), await test.peer("docs")];
    const { correlation_id: id } = await test.call("asks.ask", { to_peer: "docs", text: "?" }, { caller: asker.caller });
    const wait = (timeout_ms: number) => test.call("asks.wait", { id, timeout_ms }, { caller: asker.caller });
    const ack = () => test.call("asks.ack", { correlation_id: id, message: "here" }, { caller: docs.caller });
    const fill = (seconds: number): void => store.failCommits(seconds, "storage_full");
    /** Whoever may wait again within the minute has gone for good at the end of it. */
    const lateAck = async (): Promise<void> => {
      const waiting = wait(1);
      await test.host.clock.advance(1);
      await waiting;
      await ack();
    };
    const inbox = async () => (await test.call("deliveries.pending", { peer_id: asker.peer_id })).messages.map(({ text }) => text);
    return { ...test, asker, docs, id, store, wait, ack, lateAck, fill, inbox };
  }
  const undeliverable = async ({ feed }: Pick<World, "feed">) => (await feed()).filter(({ type }) => type === "reply.undeliverable");

  it("waits for space, and is brought when there is some", async () => {
    const world = await asked();
    await world.lateAck();
    world.fill(10);
    await world.host.clock.advance(60_000);
    expect([await stateIn(world), await world.inbox()]).toEqual(["held", []]);
    await world.host.clock.advance(10_000);
    expect([await stateIn(world), await world.inbox(), await undeliverable(world)]).toEqual(["queued", ["here"], []]);
  });

  it("keeps nobody waiting who has acknowledged: the reply is stored", async () => {
    const world = await asked();
    world.store.holdCommits();
    const acked = world.ack();
    await world.host.clock.advance(0);
    world.fill(2);
    // The end of the ask is written; the message that brings the reply finds no space.
    world.store.releaseCommits(1);
    await world.host.clock.advance(0);
    world.store.releaseCommits();
    await world.host.clock.advance(0);
    expect(await acked).toMatchObject({ ok: true, close_reason: "ack_with_msg", delivery_state: "queued" });
    expect(await world.inbox()).toEqual([]);
    await world.host.clock.advance(2000);
    expect([await stateIn(world), await world.inbox()]).toEqual(["queued", ["here"]]);
  });

  it("is fetched by its asker when there is space again, who is told so until then", async () => {
    const world = await asked();
    await world.lateAck();
    world.fill(10);
    await expect(world.call("messages.notify", { to_peer: "docs", text: "fills it" })).rejects.toMatchObject({ code: "storage_full" });
    await expect(world.wait(1000)).rejects.toMatchObject({ code: "storage_full", status: 507 });
    await world.host.clock.advance(20_000);
    expect(await world.wait(1000)).toMatchObject({ status: "resolved", reply_text: "here" });
    await world.host.clock.advance(120_000);
    expect([await stateIn(world), await world.inbox()]).toEqual(["pulled", []]);
  });
});
