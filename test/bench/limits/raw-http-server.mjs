// The least that answers a start over HTTP: node:http and JSON.parse.
import { createServer } from "node:http";
import { once } from "node:events";
import { serve, startOptions } from "../lib/program.mjs";

let runs = 0;

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { prompt } = JSON.parse(Buffer.concat(chunks).toString());
    runs += 1;
    const body = JSON.stringify({ run_id: `R-1760000000000000000_${runs}${prompt === "" ? "" : "0"}` });
    response.writeHead(201, { "Content-Type": "application/json", "Content-Length": body.length });
    response.end(body);
  });
});
server.listen({ path: startOptions().socketPath, backlog: 1_024 });
await once(server, "listening");
serve({});
