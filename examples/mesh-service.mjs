// Peers in your own process: one is a function, another asks it. `node examples/mesh-service.mjs`
import assert from "node:assert/strict";
import { createPerform, createServices, functionExecutor, localCaller, Mesh, RunManager } from "anode-daemon";
import { createClient, inProcessCarrier } from "anode-daemon/client";

const manager = new RunManager({ executors: { nothing: functionExecutor(() => "") } });
await manager.open();
const mesh = new Mesh({ manager });
await mesh.open();

// A service is a function: what it returns is the reply to an ask.
const { peer } = await mesh.register({ backend: "service", name: "calculator" }, localCaller);
mesh.receive(peer.peer_id, ({ kind, text }) => {
  if (kind === "ask") return String(text.split("+").reduce((sum, part) => sum + Number(part), 0));
});

// The contract over this mesh, as every other client sees it.
const perform = createPerform(createServices(manager, { mesh }), manager.idempotency);
const client = createClient(inProcessCarrier(perform));
const { reply_text } = await client.asks.askAndWait({ to_peer: "calculator", text: "20 + 22" });
console.log(reply_text);

const { delivery_state } = await client.messages.notify({ to_peer: "calculator", text: "thanks" });
await client.close();
await mesh.close();
await manager.close();

assert.equal(reply_text, "42");
assert.equal(delivery_state, "delivered");
