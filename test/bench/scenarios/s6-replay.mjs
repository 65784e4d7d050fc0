// A reader takes a run of a million events from the store through the socket, against a file of the same bytes.
import { connect } from "node:net";
import { once } from "node:events";
import { compare } from "../lib/compare.mjs";
import { prepareRun } from "../lib/prepared-run.mjs";
import { startProgram } from "../lib/program.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const events = 1_000_000;
/** What the server may grow by while it replays. */
const growthMb = 40;
// The defaults keep less of a stream than this row replays.
const limits = { streamEvents: 2 * events, streamBytes: 1 << 30 };
const [storePath, framesPath, oursPath, limitPath] = ["store.db", "frames", "replay.sock", "raw.sock"].map(freshPath);

const { id } = await prepareRun({ path: storePath, events, limits, framesPath });
const product = await startProgram("servers/manager-server.mjs", { socketPath: oursPath, storePath, limits });
const raw = await startProgram("limits/raw-file-server.mjs", { socketPath: limitPath, framesPath });
const idle = (await product.call("memory")).now;

await compare({
  rows: [
    { id: "s6-replay", title: "replay of 1,000,000 events against a file stream", unit: "MB/s", better: "higher", goal: 0.5 },
    { id: "s6-replay-cpu", title: "processor time of it", unit: "µs/event", better: "lower", goal: 2 },
    { id: "s6-memory", title: `growth of the server by all replays so far, against ${growthMb} MB`, unit: "MB", better: "lower", goal: 1 },
  ],
  repetitions: 5,
  seconds: 7,
  ours: async () => {
    const measured = await replay(product, oursPath, `/runs/${id}/events`);
    return { ...measured, "s6-memory": ((await product.call("memory")).peak - idle) / 1e6 };
  },
  limit: async () => ({ ...(await replay(raw, limitPath, "/")), "s6-memory": growthMb }),
});
await product.end();
await raw.end();

async function replay(program, path, target) {
  const cpuBefore = await program.call("cpu");
  const startedAt = performance.now();
  const bytes = await takeAll(path, target);
  const seconds = (performance.now() - startedAt) / 1000;
  if (bytes < events * 200) throw new Error(`${target} gave only ${bytes} bytes`);
  return { "s6-replay": bytes / 1e6 / seconds, "s6-replay-cpu": ((await program.call("cpu")) - cpuBefore) / events };
}

/** Bytes of a whole answer. */
async function takeAll(path, target) {
  const socket = connect({ path });
  let bytes = 0;
  socket.on("data", (chunk) => (bytes += chunk.length));
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
  await once(socket, "close");
  return bytes;
}
