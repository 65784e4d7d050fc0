// The built-in agent in a program of your own: it may read by itself, and your program decides about every write.
// `node examples/agent-embed.mjs`
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isEvent, RunManager } from "anode-daemon";
import { createAgentExecutor } from "anode-daemon/agent";

// A stand-in for a provider, so that this needs no key: its prompts say what the model answers.
const standIn = spawn(process.execPath, [fileURLToPath(new URL("../test/support/fake-model.mjs", import.meta.url))]);
const { port } = JSON.parse(String(await once(standIn.stdout, "data")));

const folder = mkdtempSync(join(tmpdir(), "anode-example-"));
const agent = createAgentExecutor({
  home: join(folder, "home"), // threads, hooks.json, mcp.json
  cwd: folder,
  // With a key in OPENAI_API_KEY nothing of this is needed.
  config: { providers: { openai: { apiKey: "none", baseURL: `http://127.0.0.1:${port}/v1` } } },
});
const asked = [];
const manager = new RunManager({
  executors: { agent },
  profiles: { craft: { executor: "agent" } },
  onQuestion({ tool }) {
    asked.push([tool.name, tool.args.path]);
    return { option_id: tool.args.path === "notes.md" ? "allow_once" : "deny" };
  },
});
await manager.open();

const { id } = await manager.start({
  model: "openai/gpt-5.5",
  prompt: "#script write notes.md hello | write other.md no | say Wrote the notes",
});
for await (const event of manager.attach(id)) {
  if (isEvent(event, "tool.result")) console.log(event.payload.name, event.payload.denied ? "denied" : "done");
}
const first = await manager.get(id);
console.log(first.status, first.result);

// The same thread in another run: the model sees what was said before.
const next = await manager.start({ model: "openai/gpt-5.5", prompt: "#script say Going on", session_id: first.session_id });
const second = await manager.wait(next.id);

assert.deepEqual(asked, [
  ["create_file", "notes.md"],
  ["create_file", "other.md"],
]);
assert.deepEqual([first.status, first.result], ["completed", "Wrote the notes"]);
assert.equal(readFileSync(join(folder, "notes.md"), "utf8").trim(), "hello");
assert.equal(existsSync(join(folder, "other.md")), false);
assert.deepEqual([second.result, second.session_id], ["Going on", first.session_id]);

await manager.close();
standIn.kill();
rmSync(folder, { recursive: true });
