// Start to completed in process: what a run costs beside the queue that it needs anyway.
import PQueue from "p-queue";
import { compare } from "../lib/compare.mjs";
import { bytesInUse } from "../lib/memory.mjs";
import { burst, concurrency, emitAll, eventsPerRun, openManager, rate, runBurst, runRate } from "../lib/run-burst.mjs";
import { eventType, sampleEvent, samplePayload } from "../lib/sample-event.mjs";

const keptRuns = 2_000;

await compare({
  rows: [{ id: "s1-noop", title: "start → completed of a no-op run against p-queue", unit: "runs/s", better: "higher", goal: 0.4 }],
  seconds: 4,
  limit: async () => ({ "s1-noop": await queueRate(50) }),
  ours: async () => ({ "s1-noop": await runRate(3, () => {}) }),
});

await compare({
  rows: [
    { id: "s1-20-events", title: "the same with 20 events kept against encode-and-keep", unit: "runs/s", better: "higher", goal: 0.8 },
  ],
  seconds: 4,
  limit: () => ({ "s1-20-events": keepRate(3 * burst) }),
  ours: async () => ({ "s1-20-events": await runRate(2, emitAll) }),
});

await compare({
  rows: [
    { id: "s1-heap", title: "memory of a finished run with 20 events against one compact text", unit: "B/run", better: "lower", goal: 1.3 },
  ],
  repetitions: 3,
  seconds: 4,
  warmUp: false,
  limit: async () => ({ "s1-heap": await compactBytes() }),
  ours: async () => ({ "s1-heap": await managerBytes() }),
});

async function queueRate(bursts) {
  const queue = new PQueue({ concurrency });
  const noop = async () => {};
  return rate(bursts * burst, async () => {
    for (let i = 0; i < bursts; i += 1) await Promise.all(Array.from({ length: burst }, () => queue.add(noop)));
  });
}

/** Encodes 20 events a run and keeps them as one buffer of frames. */
function keepRate(runs) {
  const kept = new Map();
  const startedAt = performance.now();
  for (let run = 0; run < runs; run += 1) {
    let frames = "";
    for (let seq = 1; seq <= eventsPerRun; seq += 1) frames += `id: ${seq}\ndata: ${JSON.stringify(sampleEvent(seq))}\n\n`;
    kept.set(`R-1760000000000000000_${run}`, Buffer.from(frames));
  }
  return runs / ((performance.now() - startedAt) / 1000);
}

async function managerBytes() {
  const manager = await openManager(emitAll, { keptRunsInMemory: keptRuns * 2 });
  const before = await bytesInUse();
  for (let done = 0; done < keptRuns; done += burst) await runBurst(manager);
  const bytes = ((await bytesInUse()) - before) / keptRuns;
  await manager.close();
  return bytes;
}

/** One flat text of `type,dt,payload` lines a run. */
async function compactBytes() {
  const kept = new Map();
  const before = await bytesInUse();
  for (let run = 0; run < keptRuns; run += 1) {
    const lines = [];
    for (let seq = 1; seq <= eventsPerRun; seq += 1)
      lines.push(`${eventType},${seq},${JSON.stringify(samplePayload(run * eventsPerRun + seq))}\n`);
    // Through bytes, so that it is one flat text and not a rope of its parts.
    kept.set(`R-1760000000000000000_${run}`, Buffer.from(lines.join("")).toString("latin1"));
  }
  const bytes = ((await bytesInUse()) - before) / keptRuns;
  return kept.size === keptRuns ? bytes : Number.NaN;
}
