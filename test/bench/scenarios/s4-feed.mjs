// The daemon-wide feed over SSE to 1, 10 and 100 readers: processor time of the server for each delivered event.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { cpuPerDelivery, feedCpuPerDelivery } from "../lib/stream-measures.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const eventsFor = { 1: 30_000, 10: 15_000, 100: 4_000 };
// The events come faster than readers take them: what is held in memory holds them all, as the ideal's log does.
const limits = { ringEvents: 100_000, feedEventsInMemory: 100_000 };

const oursPath = freshPath("ours.sock");
const idealPath = freshPath("ideal.sock");
const product = await startProgram("servers/manager-server.mjs", { socketPath: oursPath, limits });
const ideal = await startProgram("limits/ideal-sse-server.mjs", { socketPath: idealPath });

for (const [readers, events] of Object.entries(eventsFor)) {
  const id = `s4-feed-${readers}`;
  const title = `server's processor time for a delivered event of the feed, ${readers} readers, against the ideal fan-out`;
  await compare({
    rows: [{ id, title, unit: "µs/event", better: "lower", goal: 1.5 }],
    seconds: 3,
    ours: async () => ({ [id]: await feedCpuPerDelivery(product, oursPath, Number(readers), events) }),
    limit: async () => ({ [id]: await cpuPerDelivery(ideal, idealPath, Number(readers), events) }),
  });
}
await product.end();
await ideal.end();
