// Time from an event's making to its arrival at a reader, at 1,000 events a second.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { percentile } from "../lib/statistics.mjs";
import { delaysMs } from "../lib/stream-measures.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const limits = { connections: 4_096, streams: 4_096, streamsPerRun: 4_096 };

const oursPath = freshPath("ours.sock");
const idealPath = freshPath("ideal.sock");
const product = await startProgram("servers/manager-server.mjs", { socketPath: oursPath, limits });
const ideal = await startProgram("limits/ideal-sse-server.mjs", { socketPath: idealPath });

for (const readers of [1, 100]) {
  const [p50, p99] = [`s4-latency-p50-${readers}`, `s4-latency-p99-${readers}`];
  const what = `emit → receive at 1,000 events/s, ${readers} readers`;
  const measure = async (program, path) => {
    const delays = await delaysMs(program, path, readers);
    return { [p50]: percentile(delays, 0.5), [p99]: percentile(delays, 0.99) };
  };
  await compare({
    rows: [
      { id: p50, title: `p50 of ${what}`, unit: "ms", better: "lower", goal: 1.5 },
      { id: p99, title: `p99 of ${what}`, unit: "ms", better: "lower", goal: 1.5 },
    ],
    seconds: 5,
    ours: () => measure(product, oursPath),
    limit: () => measure(ideal, idealPath),
  });
}
await product.end();
await ideal.end();
