// From a start over HTTP to the first event of the agent's run, against the same run with a function, and to its first words,
// against those of the AI SDK alone.
import { mkdirSync } from "node:fs";
import { followRun, startRun } from "../lib/agent-client.mjs";
import { sayRequest } from "../lib/agent-prompts.mjs";
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { median } from "../lib/statistics.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const starts = 50;

const model = await startProgram("servers/model-server.mjs", { chunkDelayMs: 1 });
const url = await model.call("url");
const [socketPath, home] = [freshPath("agent.sock"), freshPath("home")];
mkdirSync(home);
const product = await startProgram("servers/manager-server.mjs", { socketPath, agent: { home, url } });
const sdk = await startProgram("limits/sdk-agents.mjs", { url });
const request = sayRequest(5);

await compare({
  rows: [
    {
      id: "agent-first-event",
      title: "p50 of POST /runs → first event of an agent's run, against a function's",
      unit: "ms",
      better: "lower",
      goal: 1.5,
    },
  ],
  ours: () => p50("agent-first-event", () => delayMs(request, () => true)),
  limit: () => p50("agent-first-event", () => delayMs({ prompt: request.prompt, profile: "craft" }, () => true)),
});

await compare({
  rows: [
    {
      id: "agent-first-words",
      title: "p50 of POST /runs → first words of the model at a reader, against the SDK alone in process",
      unit: "ms",
      better: "lower",
      goal: 1.5,
    },
  ],
  ours: () => p50("agent-first-words", () => delayMs(request, ({ type }) => type === "assistant.delta")),
  limit: () => p50("agent-first-words", () => sdk.call("firstDelta", request)),
});

await product.end();
await sdk.end();
await model.end();

async function p50(id, measure) {
  const delays = [];
  for (let i = 0; i < starts; i += 1) delays.push(await measure());
  return { [id]: median(delays) };
}

/** Milliseconds to the first event that is meant; the run is followed to its end, so that nothing of it is in the way of the next. */
async function delayMs(body, isMeant) {
  const startedAt = performance.now();
  let delay;
  let status;
  for await (const event of followRun(socketPath, await startRun(socketPath, body))) {
    if (isMeant(event)) delay ??= performance.now() - startedAt;
    status = event.status;
  }
  if (status !== "completed" || delay === undefined) throw new Error(`the run ended ${status}`);
  return delay;
}
