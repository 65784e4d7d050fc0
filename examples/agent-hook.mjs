// A hook: a command that is asked before each call of a tool, and may refuse it. `node examples/agent-hook.mjs`
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunManager } from "anode-daemon";
import { createAgentExecutor } from "anode-daemon/agent";

const standIn = spawn(process.execPath, [fileURLToPath(new URL("../test/support/fake-model.mjs", import.meta.url))]);
const { port } = JSON.parse(String(await once(standIn.stdout, "data")));
const folder = mkdtempSync(join(tmpdir(), "anode-example-"));

// What the daemon reads as ~/.config/anode/hooks.json.
const home = join(folder, "home");
mkdirSync(home);
const noPush = fileURLToPath(new URL("hooks/no-push.sh", import.meta.url));
const hooks = { PreToolUse: [{ matcher: "bash", hooks: [{ type: "command", command: `sh '${noPush}'`, timeout: 10 }] }] };
writeFileSync(join(home, "hooks.json"), JSON.stringify({ hooks }));

const agent = createAgentExecutor({
  home,
  cwd: folder,
  config: { providers: { openai: { apiKey: "none", baseURL: `http://127.0.0.1:${port}/v1` } } },
});
const manager = new RunManager({ executors: { agent }, profiles: { craft: { executor: "agent" } } });
await manager.open();
// Not even a run that is asked nothing gets past a hook.
const { id } = await manager.start({
  model: "openai/gpt-5.5",
  approval_mode: "unrestricted",
  prompt: "#script sh git push origin main | sh echo fine | say Done",
});
const results = [];
for await (const { type, payload } of manager.attach(id)) {
  if (type === "hook.result" || type === "tool.result") console.log(type, payload);
  if (type === "tool.result") results.push(payload);
}
const { status } = await manager.get(id);

assert.equal(status, "completed");
assert.deepEqual(
  results.map(({ ok, denied = false }) => ({ ok, denied })),
  [
    { ok: false, denied: true },
    { ok: true, denied: false },
  ],
);
assert.match(JSON.stringify(results[0]), /pushing is for people/);

await manager.close();
standIn.kill();
rmSync(folder, { recursive: true });
