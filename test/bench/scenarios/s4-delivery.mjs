// Events over SSE to 1, 10, 100 and 1,000 readers: processor time of the server for each delivered event.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { cpuPerDelivery } from "../lib/stream-measures.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const eventsFor = { 1: 30_000, 10: 15_000, 100: 4_000, 1_000: 800 };
// The bounds on readers are for one machine's users; a thousand need them raised. The events come faster than readers take them:
// the ring holds them all, as the ideal's log does.
const limits = { connections: 4_096, streams: 4_096, streamsPerRun: 4_096, ringEvents: 100_000 };

const oursPath = freshPath("ours.sock");
const idealPath = freshPath("ideal.sock");
const product = await startProgram("servers/manager-server.mjs", { socketPath: oursPath, limits });
const ideal = await startProgram("limits/ideal-sse-server.mjs", { socketPath: idealPath });

for (const [readers, events] of Object.entries(eventsFor)) {
  const id = `s4-delivery-${readers}`;
  const title = `server's processor time for a delivered event, ${readers} readers, against the ideal fan-out`;
  const measure = async (program, path) => ({ [id]: await cpuPerDelivery(program, path, Number(readers), events) });
  await compare({
    rows: [{ id, title, unit: "µs/event", better: "lower", goal: 1.5 }],
    seconds: 3,
    ours: () => measure(product, oursPath),
    limit: () => measure(ideal, idealPath),
  });
}
await product.end();
await ideal.end();
