// The contract inside a server you have: beside its own routes, behind its own authentication, with a page that follows a
// run through EventSource. `node examples/custom-server.mjs --serve` keeps it up.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { functionExecutor, RunManager } from "anode-daemon";
import { createHandler, createNodeDoor, headerValues } from "anode-daemon/http";

const manager = new RunManager({
  executors: {
    count: functionExecutor(async ({ request, emit, signal }) => {
      const last = Number(request.prompt);
      for (let n = 1; n <= last && !signal.aborted; n++) {
        await emit("assistant.message", { message_id: `m${n}`, text: String(n) });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return `counted to ${last}`;
    }),
  },
  profiles: { craft: { executor: "count" } },
});
await manager.open();

// EventSource cannot send headers, so the page's own session is a cookie of this server: strict, and out of reach for scripts.
const sessions = new Map();
const sessionOf = (cookies) => sessions.get(/(?:^|; )sid=([\w-]+)/.exec(cookies)?.[1] ?? "");

const door = { kind: "tcp", hosts: [], origins: [] };
const handle = createHandler({
  manager,
  hosts: [],
  authenticate(call) {
    const user = sessionOf(headerValues(call, "cookie").join("; "));
    return user && { id: `user:${user}`, door: "tcp", scopes: ["read", "control", "approve"] };
  },
});
const { listener } = createNodeDoor(handle, door);

const page = `<!doctype html><meta charset="utf-8"><title>A run</title>
<h1>A run</h1><ol id="events"></ol><p id="state">starting</p>
<script type="module">
  const reply = await fetch("/runs", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ prompt: new URLSearchParams(location.search).get("n") ?? "20" }) });
  const { run_id } = await reply.json();
  const source = new EventSource("/runs/" + run_id + "/events");
  Object.assign(window, { source, seen: [], reconnects: 0 });
  source.onmessage = ({ data, lastEventId }) => {
    const event = JSON.parse(data);
    window.seen.push([Number(lastEventId), event.type]);
    document.querySelector("#events").append(Object.assign(document.createElement("li"), { textContent: event.type + " " + (event.payload.text ?? "") }));
    // A run says by its status when it is over; without this, EventSource would connect once more and get its 204.
    if (["completed", "failed", "canceled", "interrupted"].includes(event.status)) {
      document.querySelector("#state").textContent = event.status;
    }
  };
  source.onerror = () => (window.reconnects += 1);
</script>`;

const server = createServer((request, response) => {
  if (request.url?.split("?")[0] === "/") {
    const sid = randomUUID();
    sessions.set(sid, "ada");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "set-cookie": `sid=${sid}; HttpOnly; SameSite=Strict; Path=/` });
    response.end(page);
  } else if (request.url === "/hello") response.end("my own route");
  else listener(request, response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `127.0.0.1:${server.address().port}`;
door.hosts.push(address);
door.origins.push(`http://${address}`);
console.log(`listening on http://${address}`);

if (!process.argv.includes("--serve")) {
  const url = `http://${address}`;
  assert.equal(await (await fetch(`${url}/hello`)).text(), "my own route");
  assert.equal((await fetch(`${url}/runs`)).status, 401);
  const cookie = (await fetch(`${url}/`)).headers.get("set-cookie").split(";")[0];
  const json = { cookie, "content-type": "application/json" };
  const { run_id } = await (await fetch(`${url}/runs`, { method: "POST", headers: json, body: JSON.stringify({ prompt: "3" }) })).json();
  const text = await (await fetch(`${url}/runs/${run_id}/events`, { headers: { cookie } })).text();
  assert.match(text, /"result":"counted to 3"/);
  // Another site's page cannot speak for the user, whatever cookie its browser sends.
  assert.equal(
    (await fetch(`${url}/runs`, { method: "POST", headers: { ...json, origin: "https://evil.example" }, body: "{}" })).status,
    403,
  );
  server.closeAllConnections();
  server.close();
  await manager.close();
}
