// The least that replays a log: a file, streamed to whoever asks.
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { serve, startOptions } from "../lib/program.mjs";

const { socketPath, framesPath } = startOptions();
const server = createServer((request, response) => {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  createReadStream(framesPath, { highWaterMark: 256 * 1024 }).pipe(response);
});
server.listen({ path: socketPath });
await once(server, "listening");
serve({});
