// The contract in a web-standard server: `Request` in, `Response` out. The same function serves Deno, Bun, Hono or a
// worker; here it is called directly.
import assert from "node:assert/strict";
import { allScopes, functionExecutor, RunManager } from "anode-daemon";
import { createHandler, headerValues, toFetchHandler } from "anode-daemon/http";

const manager = new RunManager({
  executors: { shout: functionExecutor(({ request }) => request.prompt.toUpperCase()) },
  profiles: { craft: { executor: "shout" } },
});
await manager.open();

const users = new Map([["Bearer of-ada", "ada"]]);
const handle = createHandler({
  manager,
  hosts: ["app.example"],
  authenticate(call) {
    const user = users.get(headerValues(call, "authorization")[0] ?? "");
    return user && { id: `user:${user}`, door: "tcp", scopes: allScopes };
  },
});
const fetchHandler = toFetchHandler(handle, { kind: "fetch", hosts: [], origins: [] });

const call = (path, init = {}) =>
  fetchHandler(
    new Request(`https://app.example${path}`, {
      ...init,
      headers: { host: "app.example", authorization: "Bearer of-ada", ...init.headers },
    }),
  );

const started = await call("/runs", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ prompt: "hello" }),
});
assert.equal(started.status, 201);
const { run_id } = await started.json();
const events = await call(`/runs/${run_id}/events`);
assert.equal(events.headers.get("content-type"), "text/event-stream");
const text = await events.text();
console.log(text);
assert.match(text, /"result":"HELLO"/);
assert.equal((await call("/runs", { headers: { authorization: "Bearer of-mallory" } })).status, 401);
await manager.close();
