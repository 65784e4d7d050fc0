// Fifty agents at once, each with 2,000 deltas and three readers: nothing is lost, and the event loop stays free.
import { mkdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { modelConfig, sayRequest } from "../lib/agent-prompts.mjs";
import { compare } from "../lib/compare.mjs";
import { core, part } from "../lib/product.mjs";
import { startProgram } from "../lib/program.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const agents = 50;
const deltas = 2_000;
const readersPerRun = 3;
/** The bound of the figure: a loop that is later than this is felt by everybody else. */
const longestDelayMs = 50;

const server = await startProgram("servers/model-server.mjs", { chunkDelayMs: 1 });
const url = await server.call("url");
const folder = freshPath("agents");
mkdirSync(folder);

await compare({
  rows: [
    {
      id: "agents-50-loop-p99",
      title: `p99 of the event-loop delay with ${agents} agents streaming, against its bound`,
      unit: "ms",
      better: "lower",
      goal: 1,
    },
  ],
  repetitions: 1,
  seconds: 15,
  warmUp: false,
  limit: () => ({ "agents-50-loop-p99": longestDelayMs }),
  ours: async () => ({ "agents-50-loop-p99": await loopDelayMs() }),
});
await server.end();

async function loopDelayMs() {
  const { RunManager } = await core();
  const { createAgentExecutor } = await part("lib/agent/index.js");
  const agent = createAgentExecutor({ home: folder, cwd: folder, env: {}, config: modelConfig(url) });
  // As many at once as there are agents: the default would queue most of them.
  const manager = new RunManager({ executors: { agent }, concurrency: agents });
  await manager.open();
  const request = sayRequest(deltas);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const runs = await Promise.all(Array.from({ length: agents }, () => manager.start(request)));
  await Promise.all(runs.flatMap(({ id }) => Array.from({ length: readersPerRun }, () => read(manager, id))));
  delay.disable();
  await manager.close();
  return delay.percentile(99) / 1e6;
}

/** Follows a run with its previews: gapless events, and deltas that add up to the start of the message. */
async function read(manager, id) {
  let seq = 0;
  let growing = "";
  let whole = "";
  for await (const event of manager.attach(id, { previews: true })) {
    if ("seq" in event && event.seq !== ++seq) throw new Error(`${id}: event ${event.seq} came after ${seq - 1}`);
    if (event.type === "assistant.delta") growing = growing.slice(0, event.payload.offset) + event.payload.text;
    if (event.type === "assistant.message") whole = event.payload.text;
  }
  if (!whole.startsWith(growing) || whole.trim().split(/\s+/).length !== deltas) throw new Error(`${id}: text was lost`);
}
