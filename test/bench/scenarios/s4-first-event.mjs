// From a start over HTTP to the first event of its stream: a POST, then a stream on a connection of its own.
import { connect } from "node:net";
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { startRequest } from "../lib/start-request.mjs";
import { percentile } from "../lib/statistics.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const starts = 200;

const oursPath = freshPath("ours.sock");
const idealPath = freshPath("ideal.sock");
const product = await startProgram("servers/manager-server.mjs", { socketPath: oursPath });
const ideal = await startProgram("limits/ideal-start-server.mjs", { socketPath: idealPath });

await compare({
  rows: [
    { id: "s4-first-event", title: "p50 of POST /runs → first event of its stream", unit: "ms", better: "lower", goal: 1.5 },
    { id: "s4-first-event-p99", title: "p99 of the same", unit: "ms", better: "lower", goal: 1.5 },
  ],
  ours: () => measure(oursPath),
  limit: () => measure(idealPath),
});
await product.end();
await ideal.end();

async function measure(path) {
  const delays = [];
  for (let i = 0; i < starts; i += 1) {
    const startedAt = performance.now();
    const answer = await exchange(path, startRequest(), (text) => text.endsWith("}"));
    const [, id] = /"run_id":"([^"]+)"/.exec(answer);
    const request = `GET /runs/${id}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`;
    await exchange(path, request, (text) => /\nid: 1\n.*\n\n/.test(text));
    delays.push(performance.now() - startedAt);
  }
  return { "s4-first-event": percentile(delays, 0.5), "s4-first-event-p99": percentile(delays, 0.99) };
}

/** Sends a request on a new connection and takes the answer up to where it is enough. */
function exchange(path, request, isEnough) {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.latin1Slice();
      if (!isEnough(text)) return;
      socket.destroy();
      resolve(text);
    });
    socket.on("error", reject);
    socket.on("end", () => reject(new Error(`unexpected answer: ${text.slice(0, 300)}`)));
    socket.write(request);
  });
}
