// A run of the built-in agent against the AI SDK's own loop on the same scripted turns, through the same provider.
import { mkdirSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { isStepCount, jsonSchema, tool, ToolLoopAgent } from "ai";
import { modelConfig, words } from "../lib/agent-prompts.mjs";
import { compare } from "../lib/compare.mjs";
import { core, part } from "../lib/product.mjs";
import { startProgram } from "../lib/program.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const promptOf = (count) => `#script! think ${words(20)} | say ${words(count)} | tool lookup {"key":"a"} | say ${words(count)}`;
const deltasOf = (count) => 20 + 1 + 2 * count;

const slow = await startProgram("servers/model-server.mjs", { chunkDelayMs: 5 });
const fast = await startProgram("servers/model-server.mjs", { chunkDelayMs: 0 });

const { createAgentExecutor } = await part("lib/agent/index.js");
const { RunManager } = await core();

const parameters = { type: "object", properties: { key: { type: "string" } }, additionalProperties: false };
const folder = freshPath("agent");
mkdirSync(folder);

/** The agent with its manager, and a function that runs one prompt to its end. */
async function ours(url) {
  const agent = createAgentExecutor({
    home: folder,
    cwd: folder,
    env: {},
    config: modelConfig(url),
    tools: [
      { name: "lookup", description: "Looks up.", level: "auto_read", parameters, execute: async () => ({ ok: true, text: "found" }) },
    ],
  });
  const manager = new RunManager({ executors: { agent } });
  await manager.open();
  return async (prompt) => {
    const { id } = await manager.start({ prompt, model: "openai/gpt-5.5", tools: ["lookup"] });
    const { status, error } = await manager.wait(id, { timeoutMs: 30_000 });
    if (status !== "completed") throw new Error(`The run ended ${status}: ${error}`);
  };
}

/** The SDK alone, its stream read to the end. */
function limit(url) {
  const agent = new ToolLoopAgent({
    model: createOpenAI({ apiKey: "key", baseURL: `${url}/v1` })("gpt-5.5"),
    tools: { lookup: tool({ description: "Looks up.", inputSchema: jsonSchema(parameters), execute: async () => "found" }) },
    stopWhen: isStepCount(10),
    providerOptions: { openai: { store: false } },
  });
  return async (prompt) => {
    let deltas = 0;
    for await (const { type } of (await agent.stream({ prompt })).stream) if (type.endsWith("-delta")) deltas += 1;
    if (deltas < 10) throw new Error("The turns were not played.");
  };
}

async function wallMs(run, id, prompt) {
  const startedAt = performance.now();
  await run(prompt);
  return { [id]: performance.now() - startedAt };
}

async function cpuMicrosPerDelta(run, id, count) {
  const prompt = promptOf(count);
  const before = process.cpuUsage();
  for (let round = 0; round < 3; round++) await run(prompt);
  const { user, system } = process.cpuUsage(before);
  return { [id]: (user + system) / (3 * deltasOf(count)) };
}

const [slowUrl, fastUrl] = await Promise.all([slow.call("url"), fast.call("url")]);
const paced = { ours: await ours(slowUrl), limit: limit(slowUrl), prompt: promptOf(60) };
await compare({
  rows: [
    { id: "agent-wall", title: "a run of two turns at 5 ms a chunk, against the SDK's own loop", unit: "ms", better: "lower", goal: 1.05 },
  ],
  seconds: 10,
  ours: () => wallMs(paced.ours, "agent-wall", paced.prompt),
  limit: () => wallMs(paced.limit, "agent-wall", paced.prompt),
});

const unpaced = { ours: await ours(fastUrl), limit: limit(fastUrl) };
await compare({
  rows: [
    { id: "agent-cpu", title: "processor time for each delta, against the SDK's own loop", unit: "µs/delta", better: "lower", goal: 1.2 },
  ],
  seconds: 10,
  ours: () => cpuMicrosPerDelta(unpaced.ours, "agent-cpu", 1_000),
  limit: () => cpuMicrosPerDelta(unpaced.limit, "agent-cpu", 1_000),
});

await slow.end();
await fast.end();
process.exit(0);
