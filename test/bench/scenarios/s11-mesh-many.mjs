// 1,000 connected peers: memory for each, 10,000 asks spread over them, and one message to all; nothing may be lost.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { socketPeers } from "../lib/socket-peers.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const count = 1_000;
const asks = 10_000;

await compare({
  rows: [
    { id: "s11-peer-memory", title: `memory of a connected peer, of ${count}`, unit: "B", better: "lower", goal: 5 },
    { id: "s11-asks", title: `${asks} asks to ${count} peers, 100 at a time`, unit: "asks/s", better: "higher", goal: 0.1 },
    { id: "s11-broadcast", title: `one message to ${count} peers, until all have it`, unit: "ms", better: "lower", goal: 10 },
  ],
  repetitions: 1,
  warmUp: false,
  ours: () => measure("servers/mesh-server.mjs", true),
  limit: () => measure("limits/ws-echo-server.mjs", false),
});

async function measure(file, isMesh) {
  const path = freshPath("mesh.sock");
  const program = await startProgram(file, { socketPath: path });
  const before = await program.call("bytes");
  const peers = await socketPeers(path, count, isMesh);
  const memory = ((await program.call("bytes")) - before) / count;
  const { perSecond, delivered } = await program.call("askMany", { peers: peers.ids, count: asks });
  const told = await program.call("broadcast");
  if (delivered !== asks || told.delivered !== count || peers.got() !== asks + count) {
    throw new Error(`lost: ${delivered} of ${asks} asks, ${told.delivered} of ${count} told, ${peers.got()} came`);
  }
  peers.close();
  await program.end();
  return { "s11-peer-memory": memory, "s11-asks": perSecond, "s11-broadcast": told.ms };
}
