import { expect, it } from "vitest";
import { removeOldOfMesh } from "../../../lib/mesh/upkeep.js";
import { openTestMesh } from "../../support/mesh.js";

it("Closed asks and ended messages are kept up to a number and an age; open and waiting ones always", async () => {
  const { call, peer, mesh, host, manager } = await openTestMesh({ manager: { limits: { meshKept: 3 } } });
  const { peer_id } = await peer("upper");
  mesh.receive(peer_id, ({ text }) => text.toUpperCase());
  const ask = async (to_peer: string, text: string) => (await call("asks.ask", { to_peer, text })).correlation_id;
  const open = await ask("human", "first of all");
  const ids = [];
  for (let i = 0; i < 5; i += 1) ids.push(await ask("upper", `ask ${i}`));
  const { claim_id = "" } = await call("messages.claim", { peer_id: (await call("peers.get", { id: "human" })).peer_id });
  await call("messages.confirm", { claim_id });
  await removeOldOfMesh(manager, (id) => mesh.asks.isLive(id));
  const kept = (await call("asks.list", {})).asks.map(({ correlation_id }) => correlation_id);
  expect(kept).toEqual([...ids.slice(2).reverse(), open]);
  expect((await call("messages.list", { state: "delivered" })).messages).toHaveLength(3);
  const old = 30 * 24 * 3_600_000;
  host.clock.jump(old - 1);
  await removeOldOfMesh(manager, (id) => mesh.asks.isLive(id));
  expect((await call("asks.list", { state: "closed" })).asks.map(({ correlation_id }) => correlation_id)).toEqual(ids.slice(2).reverse());
  host.clock.jump(2);
  await removeOldOfMesh(manager, (id) => mesh.asks.isLive(id));
  expect((await call("asks.list", { state: "closed" })).asks.filter(({ to_name }) => to_name === "upper")).toEqual([]);
});

it("A closed ask is kept until its reply has got there, or will not", async () => {
  const { call, peer, mesh, host, manager } = await openTestMesh({ manager: { limits: { meshKept: 1 } } });
  const [asker, docs] = [await peer("asker"), await peer("docs")];
  const { correlation_id } = await call("asks.ask", { to_peer: "docs", text: "?" }, { caller: asker.caller });
  await call("asks.ack", { correlation_id, message: "here" }, { caller: docs.caller });
  host.clock.jump(31 * 24 * 3_600_000);
  await removeOldOfMesh(manager, (id) => mesh.asks.isLive(id));
  const { claim_id = "" } = await call("messages.claim", {}, { caller: asker.caller });
  await call("messages.confirm", { claim_id }, { caller: asker.caller });
  expect(await call("asks.get", { id: correlation_id })).toMatchObject({ reply_state: "delivered" });
  await removeOldOfMesh(manager, (id) => mesh.asks.isLive(id));
  await expect(call("asks.get", { id: correlation_id })).rejects.toMatchObject({ code: "ask_not_found" });
});
