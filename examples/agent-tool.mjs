// A tool of your own beside the built-in ones: a function of your program, for the model to call.
// `node examples/agent-tool.mjs`
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunManager } from "anode-daemon";
import { createAgentExecutor } from "anode-daemon/agent";

const standIn = spawn(process.execPath, [fileURLToPath(new URL("../test/support/fake-model.mjs", import.meta.url))]);
const { port } = JSON.parse(String(await once(standIn.stdout, "data")));
const folder = mkdtempSync(join(tmpdir(), "anode-example-"));

const stock = new Map([["lamp", 3]]);
/** @type {import("anode-daemon/agent").AgentTool} */
const stockOf = {
  name: "stock_of",
  description: "How many pieces of an item are in stock.",
  level: "auto_read", // reads only, so nobody is asked
  parameters: { type: "object", properties: { item: { type: "string" } }, required: ["item"], additionalProperties: false },
  async execute({ item }) {
    const name = String(item);
    const pieces = stock.get(name);
    // An error is a result too: the model reads it and goes on.
    if (pieces === undefined) return { ok: false, text: `error: unknown_item: no item is called ${name}`, error: "unknown_item" };
    return { ok: true, text: `${pieces}`, output: { pieces } };
  },
};

const agent = createAgentExecutor({
  home: join(folder, "home"),
  cwd: folder,
  config: { providers: { openai: { apiKey: "none", baseURL: `http://127.0.0.1:${port}/v1` } } },
  tools: [stockOf],
});
const manager = new RunManager({ executors: { agent }, profiles: { craft: { executor: "agent" } } });
await manager.open();
const { id } = await manager.start({
  model: "openai/gpt-5.5",
  prompt: '#script tool stock_of {"item":"lamp"} | tool stock_of {"item":"sofa"} | say Three lamps, no sofa',
});
const results = [];
for await (const { type, payload } of manager.attach(id)) if (type === "tool.result") results.push(payload);
console.log(results.map(({ name, ok, output }) => [name, ok, output]));
const { result } = await manager.get(id);

assert.deepEqual(
  results.map(({ ok }) => ok),
  [true, false],
);
assert.deepEqual(results[0].output, { pieces: 3 });
assert.equal(result, "Three lamps, no sofa");

await manager.close();
standIn.kill();
rmSync(folder, { recursive: true });
