// The least a WebSocket can do: a frame out, the client's answer back, nothing stored.
import { createServer } from "node:http";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { bytesInUse } from "../lib/memory.mjs";
import { serve, startOptions } from "../lib/program.mjs";

const { socketPath } = startOptions();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const clients = [];
const waiting = new Map();
sockets.on("connection", (ws) => {
  clients.push(ws);
  ws.on("message", (data) => {
    const { delivery_id } = JSON.parse(data.toString());
    waiting.get(delivery_id)?.();
    waiting.delete(delivery_id);
  });
});
server.listen({ path: socketPath, backlog: 4_096 });
await once(server, "listening");

let ids = 0;
function roundTrip(ws, i) {
  const delivery_id = `dlv-${ids++}`;
  const { promise, resolve } = Promise.withResolvers();
  waiting.set(delivery_id, resolve);
  ws.send(JSON.stringify({ type: "ask", delivery_id, correlation_id: `ask-${i}`, from_peer: "human", to_peer: "w", text: `ask ${i}` }));
  return promise;
}

serve({
  bytes: bytesInUse,
  async askEach({ count }) {
    const delays = [];
    for (let i = 0; i < count; i += 1) {
      const at = performance.now();
      await roundTrip(clients[0], i);
      delays.push(performance.now() - at);
    }
    return delays;
  },
  async askMany({ count }) {
    let next = 0;
    const startedAt = performance.now();
    const lane = async () => {
      while (next < count) {
        const i = next++;
        await roundTrip(clients[i % clients.length], i);
      }
    };
    await Promise.all(Array.from({ length: 100 }, lane));
    return { perSecond: count / ((performance.now() - startedAt) / 1000), delivered: count };
  },
  async broadcast() {
    const startedAt = performance.now();
    await Promise.all(clients.map((ws, i) => roundTrip(ws, i)));
    return { ms: performance.now() - startedAt, delivered: clients.length };
  },
});
