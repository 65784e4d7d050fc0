// The least that starts something over HTTP and shows its first event: node:http, JSON.parse and one frame written to the socket.
import { createServer } from "node:http";
import { once } from "node:events";
import { serve, startOptions } from "../lib/program.mjs";
import { sampleParts } from "../lib/sample-event.mjs";

let runs = 0;

const server = createServer((request, response) => {
  if (request.method === "GET") return stream(request, response);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString());
    runs += 1;
    const body = JSON.stringify({ run_id: `R-1760000000000000000_${runs}` });
    response.writeHead(201, { "Content-Type": "application/json", "Content-Length": body.length });
    response.end(body);
  });
});
server.listen({ path: startOptions().socketPath, backlog: 1_024 });
await once(server, "listening");
serve({});

function stream(request, response) {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform" });
  response.flushHeaders();
  request.socket.write(`id: 1\ndata: ${JSON.stringify({ id: "evt_1", ...sampleParts(1) })}\n\n`);
}
