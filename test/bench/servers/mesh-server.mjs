// The product's mesh over HTTP on a Unix socket, as the daemon mounts it; asks are made in the process.
import { createServer } from "node:http";
import { once } from "node:events";
import { core, part } from "../lib/product.mjs";
import { bytesInUse } from "../lib/memory.mjs";
import { serve, startOptions } from "../lib/program.mjs";

const { socketPath } = startOptions();
const { Mesh, RunManager, createPerform, createServices, localCaller, operations } = await core();
const { createHandler, createMeshSockets, createNodeDoor } = await part("adapters/http/index.js");
// What is acknowledged waits for the person, who never comes.
const limits = { peers: 4_096, webSockets: 4_096, openAsks: 100_000, messageQueue: 100_000, personQueue: 100_000, connections: 4_096 };
const manager = new RunManager({ limits });
await manager.open();
const mesh = new Mesh({ manager });
await mesh.open();
const handle = createHandler({ manager, mesh, hosts: [], sockets: createMeshSockets({ mesh }) });
const door = createNodeDoor(handle, { kind: "unix", hosts: [], origins: [] }, { limits: manager.limits, log: manager.host.log });
const server = createServer(door.serverOptions);
door.attach(server);
server.listen({ path: socketPath, backlog: 4_096 });
await once(server, "listening");

const perform = createPerform(createServices(manager, { mesh }), manager.idempotency);
const context = { caller: localCaller, signal: new AbortController().signal, requestId: "q" };
const call = async (name, input) => {
  const operation = operations.find((row) => row.name === name);
  return (await perform(operation, input, context)).body;
};

serve({
  bytes: bytesInUse,
  /** One ask after the other; milliseconds from the call to its answer, which says that it was delivered. */
  async askEach({ to_peer, count }) {
    const delays = [];
    for (let i = 0; i < count; i += 1) {
      const at = performance.now();
      const { delivery_state, correlation_id } = await call("asks.ask", { to_peer, text: `ask ${i}` });
      delays.push(performance.now() - at);
      if (delivery_state !== "delivered") throw new Error(`an ask is ${delivery_state}`);
      await call("asks.ack", { correlation_id });
    }
    return delays;
  },
  /** Asks spread over the peers, a hundred at a time. */
  async askMany({ peers, count }) {
    let next = 0;
    let delivered = 0;
    const startedAt = performance.now();
    const lane = async () => {
      while (next < count) {
        const i = next++;
        const { delivery_state } = await call("asks.ask", { to_peer: peers[i % peers.length], text: `ask ${i}` });
        delivered += delivery_state === "delivered" ? 1 : 0;
      }
    };
    await Promise.all(Array.from({ length: 100 }, lane));
    return { perSecond: count / ((performance.now() - startedAt) / 1000), delivered };
  },
  async broadcast() {
    const startedAt = performance.now();
    const { delivered } = await call("messages.broadcast", { text: "to all" });
    return { ms: performance.now() - startedAt, delivered: delivered.length };
  },
});
