// The least that delivers events to many readers: one slab, pull cursors, one wake-up a tick, views written to the socket without
// chunk framing, and a wait for drain where a socket is full.
import { createServer } from "node:http";
import { once } from "node:events";
import { emitPaced, emitTicks } from "../lib/emission.mjs";
import { serve, startOptions } from "../lib/program.mjs";
import { sampleParts } from "../lib/sample-event.mjs";
import { createSlabLog } from "./slab.mjs";

/** More than any stream of the benchmarks has. */
const keptSlabs = 256;
const streams = new Map();

const server = createServer((request, response) => {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform" });
  response.flushHeaders();
  const stream = streams.get(request.url);
  const reader = { response, socket: request.socket, cursor: stream.log.cursor(), isFull: false };
  reader.socket.on("drain", () => {
    reader.isFull = false;
    pull(stream, reader);
  });
  reader.socket.on("close", () => stream.readers.delete(reader));
  stream.readers.add(reader);
});
server.maxConnections = 4_096;
server.listen({ path: startOptions().socketPath, backlog: 1_024 });
await once(server, "listening");

serve({
  openStream() {
    const target = `/streams/${streams.size + 1}`;
    streams.set(target, { log: createSlabLog(keptSlabs), readers: new Set(), hasEnded: false });
    return { target };
  },
  async emit({ target, events, perSecond }) {
    const stream = streams.get(target);
    const emit = append(stream);
    await (perSecond === undefined ? emitTicks(events, emit) : emitPaced(events, perSecond, emit));
    await new Promise((resolve) => setImmediate(resolve));
    stream.hasEnded = true;
    for (const reader of stream.readers) pull(stream, reader);
  },
});

/** Events of one tick are appended and told together. */
function append(stream) {
  let seq = 0;
  let tick = [];
  return (payload) => {
    if (tick.length === 0) {
      queueMicrotask(() => {
        stream.log.append(tick);
        tick = [];
        for (const reader of stream.readers) pull(stream, reader);
      });
    }
    seq += 1;
    tick.push({ id: `evt_${seq}`, ...sampleParts(seq), payload });
  };
}

function pull(stream, reader) {
  while (!reader.isFull) {
    const view = stream.log.take(reader.cursor);
    if (view === undefined) break;
    reader.isFull = !reader.socket.write(view);
  }
  if (stream.hasEnded && !reader.isFull && stream.readers.delete(reader)) reader.response.end();
}
