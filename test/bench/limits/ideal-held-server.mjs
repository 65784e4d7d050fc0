// The least that holds a request until another one answers it: node:http, JSON.parse and a map of responses.
import { createServer } from "node:http";
import { once } from "node:events";
import { serve, startOptions } from "../lib/program.mjs";

const held = new Map();

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { correlation_id, option_id } = JSON.parse(Buffer.concat(chunks).toString());
    if (request.url === "/questions/ask-blocking") return held.set(correlation_id, response);
    const waiting = held.get(correlation_id);
    // Answers may come before what they answer; then the caller tries again.
    if (!waiting) return send(response, 404, {});
    held.delete(correlation_id);
    const decision = option_id === "allow" ? "allow" : "deny";
    send(waiting, 200, { correlation_id, outcome: "answered", option_id, decision, reason: "answered" });
    send(response, 200, { ok: true, correlation_id, outcome: "answered", decision });
  });
});
server.listen({ path: startOptions().socketPath, backlog: 1_024 });
await once(server, "listening");
serve({});

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": text.length });
  response.end(text);
}
