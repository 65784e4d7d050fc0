// A plugin: a process of its own, for as long as a run, that brings tools and hooks. `node examples/agent-plugin.mjs`
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunManager } from "anode-daemon";
import { createAgentExecutor } from "anode-daemon/agent";

const standIn = spawn(process.execPath, [fileURLToPath(new URL("../test/support/fake-model.mjs", import.meta.url))]);
const { port } = JSON.parse(String(await once(standIn.stdout, "data")));
const folder = mkdtempSync(join(tmpdir(), "anode-example-"));
writeFileSync(join(folder, "poem.txt"), "one two three\n");

const plugin = fileURLToPath(new URL("plugins/words.mjs", import.meta.url));
const agent = createAgentExecutor({
  home: join(folder, "home"),
  cwd: folder,
  config: {
    providers: { openai: { apiKey: "none", baseURL: `http://127.0.0.1:${port}/v1` } },
    // What the daemon reads in ~/.config/anode/config.json.
    plugins: { processes: [{ command: process.execPath, args: [plugin] }] },
  },
});
const manager = new RunManager({ executors: { agent }, profiles: { craft: { executor: "agent" } } });
await manager.open();
const { id } = await manager.start({
  model: "openai/gpt-5.5",
  approval_mode: "unrestricted",
  prompt: '#script tool plugin__words__count {"path":"poem.txt"} | sh rm poem.txt | say Three words',
});
const results = [];
for await (const { type, payload } of manager.attach(id)) if (type === "tool.result") results.push(payload);
console.log(results);

assert.deepEqual(
  results.map(({ name, ok }) => [name, ok]),
  [
    ["plugin__words__count", true],
    ["bash", false],
  ],
);
assert.match(JSON.stringify(results[0]), /3 words/);
assert.match(JSON.stringify(results[1]), /nothing is removed here/);
assert.equal((await manager.get(id)).result, "Three words");

await manager.close();
standIn.kill();
rmSync(folder, { recursive: true });
