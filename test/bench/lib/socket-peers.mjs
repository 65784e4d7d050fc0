import { connect } from "node:net";
import { once } from "node:events";
import WebSocket from "ws";

/** Connects peers, or the clients of an echo, that acknowledge every message at once; counts what came, each delivery once. */
export async function socketPeers(path, count, isMesh) {
  const peers = [];
  for (let i = 0; i < count; i += 1) peers.push(await socketPeer(path, i, isMesh));
  return {
    ids: peers.map(({ peer_id }) => peer_id),
    got: () => peers.reduce((sum, { seen }) => sum + seen.size, 0),
    close: () => peers.forEach(({ ws }) => ws.terminate()),
  };
}

async function socketPeer(path, number, isMesh) {
  const ws = new WebSocket("ws://localhost/ws", ["anode.mesh.v1"], { perMessageDeflate: false, createConnection: () => connect(path) });
  const seen = new Set();
  const peer = { ws, seen, peer_id: undefined };
  const ready = Promise.withResolvers();
  ws.on("message", (data) => {
    const frame = JSON.parse(data.toString());
    if (frame.type === "connected") {
      peer.peer_id = frame.peer_id;
      ready.resolve();
    }
    if (frame.delivery_id === undefined) return;
    seen.add(frame.delivery_id);
    ws.send(JSON.stringify({ type: "delivery_ack", delivery_id: frame.delivery_id, status: "injected" }));
  });
  await once(ws, "open");
  if (!isMesh) return peer;
  ws.send(JSON.stringify({ type: "connect", v: 1, backend: "service", name: `w${number}`, capabilities: ["delivery_receipts"] }));
  await ready.promise;
  return peer;
}
