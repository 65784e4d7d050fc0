// What a daemon with fifty agents that stream, each to a reader, takes at most, against the AI SDK alone with as many streams.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { followRun, startRun } from "../lib/agent-client.mjs";
import { modelConfig, sayRequest } from "../lib/agent-prompts.mjs";
import { compare } from "../lib/compare.mjs";
import { freshHome, homeEnvironment, programPath, startListening } from "../lib/daemon-process.mjs";
import { startProgram } from "../lib/program.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const agents = 50;
const deltas = 500;
const id = "agents-50-memory";

const model = await startProgram("servers/model-server.mjs", { chunkDelayMs: 5 });
const url = await model.call("url");
const request = sayRequest(deltas);

await compare({
  rows: [
    {
      id,
      title: `resident memory at most of the daemon with ${agents} agents streaming, against the SDK alone with as many streams`,
      unit: "MB",
      better: "lower",
      goal: 1.5,
    },
  ],
  repetitions: 3,
  seconds: 20,
  warmUp: false,
  ours: async () => ({ [id]: await daemonMb() }),
  limit: async () => ({ [id]: await sdkMb() }),
});
await model.end();

async function daemonMb() {
  const [home, cwd, socketPath] = [freshHome(), freshPath("work"), freshPath("daemon.sock")];
  mkdirSync(cwd);
  // As many at once as there are agents: the default would queue most of them.
  writeFileSync(join(home, "config.json"), JSON.stringify({ ...modelConfig(url), daemon: { concurrency: agents } }), { mode: 0o600 });
  const daemon = await startListening({
    args: [programPath(), "daemon", "--addr", socketPath],
    cwd,
    env: homeEnvironment(home),
    socketPath,
  });
  const texts = await Promise.all(Array.from({ length: agents }, () => runText(socketPath)));
  assertWhole(texts);
  const peak = daemon.peakMemory();
  await daemon.end();
  return peak;
}

/** What the agent said, as a reader of its previews and events has it. */
async function runText(socketPath) {
  let whole = "";
  for await (const { type, payload } of followRun(socketPath, await startRun(socketPath, request))) {
    if (type === "assistant.message") whole = payload.text;
  }
  return whole;
}

async function sdkMb() {
  const sdk = await startProgram("limits/sdk-agents.mjs", { url });
  assertWhole(await sdk.call("stream", { prompt: request.prompt, count: agents }));
  const { peak } = await sdk.call("memory");
  await sdk.end();
  return peak / 1024 ** 2;
}

function assertWhole(texts) {
  if (texts.some((text) => text.trim().split(/\s+/).length !== deltas)) throw new Error("text was lost");
}
