import { describe, expect, it } from "vitest";
import { type Caller, localCaller } from "../../../lib/index.js";
import { openTestMesh } from "../../support/mesh.js";

async function withQueue(count: number) {
  const mesh = await openTestMesh();
  const { peer_id, caller } = await mesh.peer("worker");
  for (let i = 0; i < count; i += 1) await mesh.call("messages.notify", { to_peer: "worker", text: `${i}` });
  const claim = (input = {}) => mesh.call("messages.claim", input, { caller });
  return { mesh, peer_id, caller, claim };
}

const textsOf = ({ messages }: { messages: { text: string }[] }) => messages.map(({ text }) => text);

describe("A claim", () => {
  it("holds the oldest messages; confirmed they are delivered", async () => {
    const { mesh, peer_id, caller, claim } = await withQueue(4);
    const first = await claim({ limit: 3 });
    expect(first).toMatchObject({
      claim_id: expect.stringMatching(/^claim-[0-9a-f]{16}$/),
      lease_until: new Date(mesh.host.clock.now() + 30_000).toISOString(),
      messages: [{ text: "0", delivery_state: "claimed" }, { text: "1" }, { text: "2" }],
    });
    expect(textsOf(await claim())).toEqual(["3"]);
    expect(await claim()).toEqual({ messages: [] });
    expect(await mesh.call("messages.confirm", { claim_id: first.claim_id ?? "" }, { caller })).toEqual({ confirmed: 3, released: 0 });
    expect((await mesh.call("deliveries.pending", { peer_id })).total).toBe(1);
    const { delivery_id = "" } = first.messages[0] ?? {};
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "delivered" });
    const { stages } = await mesh.call("traces.get", { trace_id: delivery_id });
    expect(stages.map(({ stage }) => stage)).toEqual(["created", "resolved_peer", "pending", "claimed", "confirmed"]);
  });

  it("confirmed in part gives the rest back to its place", async () => {
    const { mesh, caller, claim } = await withQueue(4);
    const { claim_id = "", messages } = await claim({ limit: 3 });
    const delivery_ids = [messages[1]?.delivery_id ?? ""];
    expect(await mesh.call("messages.confirm", { claim_id, delivery_ids }, { caller })).toEqual({ confirmed: 1, released: 2 });
    expect(textsOf(await claim())).toEqual(["0", "2", "3"]);
  });

  it("whose answer was lost ends with its lease, and the messages come again with the same ids", async () => {
    const { mesh, caller, claim } = await withQueue(2);
    const lost = await claim({ lease_ms: 5_000 });
    await mesh.host.clock.advance(4_999);
    expect(await claim()).toEqual({ messages: [] });
    await mesh.host.clock.advance(1);
    const again = await claim();
    expect(again.messages.map(({ delivery_id }) => delivery_id)).toEqual(lost.messages.map(({ delivery_id }) => delivery_id));
    const late = mesh.call("messages.confirm", { claim_id: lost.claim_id ?? "" }, { caller });
    await expect(late).rejects.toMatchObject({ code: "claim_expired", status: 409 });
    expect(await mesh.call("messages.confirm", { claim_id: again.claim_id ?? "" }, { caller })).toEqual({ confirmed: 2, released: 0 });
  });

  it("is over after a restart, and what it held waits again in order", async () => {
    const { mesh, caller, claim, peer_id } = await withQueue(3);
    const { claim_id = "" } = await claim({ limit: 2 });
    const later = await mesh.reopen();
    await expect(later.call("messages.confirm", { claim_id }, { caller })).rejects.toMatchObject({ code: "claim_expired" });
    expect(textsOf(await later.call("messages.claim", { peer_id }))).toEqual(["0", "1", "2"]);
  });

  it("names only messages that it holds", async () => {
    const { mesh, caller, claim } = await withQueue(3);
    const { claim_id = "", messages } = await claim({ limit: 1 });
    const delivery_ids = [messages[0]?.delivery_id ?? "", "dlv-other"];
    const wrong = mesh.call("messages.confirm", { claim_id, delivery_ids }, { caller });
    await expect(wrong).rejects.toMatchObject({ code: "invalid_request", details: { issues: [{ path: "delivery_ids.1" }] } });
    expect(await mesh.call("messages.confirm", { claim_id }, { caller })).toMatchObject({ confirmed: 1 });
  });

  it("is a peer's for its own messages alone, an admin's for all, an owner's for the person's", async () => {
    const { mesh, peer_id, caller, claim } = await withQueue(1);
    const other = await mesh.peer("other");
    const weak: Caller = { ...localCaller, id: "token:t-1", scopes: ["read", "control"] };
    const stranger: Caller = { ...weak, run_id: "R-1" };
    await expect(mesh.call("messages.claim", { peer_id }, { caller: other.caller })).rejects.toMatchObject({ code: "identity_unproven" });
    await expect(mesh.call("messages.claim", { peer_id: "human" }, { caller })).rejects.toMatchObject({ code: "identity_unproven" });
    await expect(mesh.call("messages.claim", { peer_id }, { caller: weak })).rejects.toMatchObject({ code: "identity_unproven" });
    await expect(mesh.call("messages.claim", {}, { caller: stranger })).rejects.toMatchObject({ code: "peer_not_found" });
    const { claim_id = "" } = await claim();
    await expect(mesh.call("messages.confirm", { claim_id }, { caller: other.caller })).rejects.toMatchObject({
      code: "identity_unproven",
    });
    expect(await mesh.call("messages.confirm", { claim_id, delivery_ids: [] })).toEqual({ confirmed: 0, released: 1 });
    expect(textsOf(await mesh.call("messages.claim", { peer_id }))).toEqual(["0"]);
    await mesh.call("messages.notify", { to_peer: "human", text: "look", from_peer: "worker" });
    expect(textsOf(await mesh.call("messages.claim", {}, { caller: weak }))).toEqual(["look"]);
  });

  it("ends with its peer: what it held has expired", async () => {
    const { mesh, peer_id, claim } = await withQueue(2);
    const { claim_id = "", messages } = await claim();
    await mesh.call("peers.remove", { id: peer_id });
    expect(await mesh.call("messages.get", { delivery_id: messages[0]?.delivery_id ?? "" })).toMatchObject({ delivery_state: "expired" });
    await expect(mesh.call("messages.confirm", { claim_id })).rejects.toMatchObject({ code: "claim_expired" });
  });

  it("keeps a message from expiring while it is held, and no longer", async () => {
    const mesh = await openTestMesh({ manager: { limits: { personQueueMs: 600_000 } } });
    await mesh.call("messages.notify", { to_peer: "human", text: "look", from_peer: "human" });
    await mesh.host.clock.advance(500_000);
    const { messages } = await mesh.call("messages.claim", { lease_ms: 300_000 });
    await mesh.host.clock.advance(200_000);
    const delivery_id = messages[0]?.delivery_id ?? "";
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "claimed" });
    await mesh.host.clock.advance(200_000);
    expect(await mesh.call("messages.get", { delivery_id })).toMatchObject({ delivery_state: "expired" });
    const expired = (await mesh.feed()).filter(({ type }) => type === "message.expired");
    expect(expired).toHaveLength(1);
  });
});
