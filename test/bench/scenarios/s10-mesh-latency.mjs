// Time from an ask to its receipt over a peer's WebSocket, all of it stored and traced, against a bare frame and its answer.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { socketPeers } from "../lib/socket-peers.mjs";
import { percentile } from "../lib/statistics.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const count = 1_000;
const [p50, p99] = ["s10-ask-p50", "s10-ask-p99"];
const open = async (file, isMesh) => {
  const path = freshPath("mesh.sock");
  const program = await startProgram(file, { socketPath: path });
  const peers = await socketPeers(path, 1, isMesh);
  return {
    async measure() {
      const delays = await program.call("askEach", { to_peer: peers.ids[0] ?? "", count });
      return { [p50]: percentile(delays, 0.5), [p99]: percentile(delays, 0.99) };
    },
    end() {
      peers.close();
      return program.end();
    },
  };
};
const ours = await open("servers/mesh-server.mjs", true);
const limit = await open("limits/ws-echo-server.mjs", false);
await compare({
  rows: [
    { id: p50, title: "p50 of ask → delivered over a WebSocket", unit: "ms", better: "lower", goal: 4 },
    { id: p99, title: "p99 of ask → delivered over a WebSocket", unit: "ms", better: "lower", goal: 4 },
  ],
  seconds: 8,
  ours: ours.measure,
  limit: limit.measure,
});
await ours.end();
await limit.end();
