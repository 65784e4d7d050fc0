// 50 readers that take nothing and one that reads: what the server holds for them, and how fast the live one still is.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { besideStalled } from "../lib/stream-measures.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const events = 20_000;

await compare({
  rows: [
    {
      id: "s4-stalled-memory",
      title: "growth of the server with 50 stalled readers, 20,000 events",
      unit: "MB",
      better: "lower",
      goal: 1.5,
    },
    { id: "s4-stalled-live", title: "rate of the live reader beside 50 stalled ones", unit: "events/s", better: "higher", goal: 0.7 },
  ],
  repetitions: 3,
  seconds: 10,
  warmUp: false,
  ours: () => measure("servers/manager-server.mjs"),
  limit: () => measure("limits/ideal-sse-server.mjs"),
});

/** A server of its own for each measurement: memory that a former one took is not given back. */
async function measure(file) {
  const path = freshPath("server.sock");
  const program = await startProgram(file, { socketPath: path });
  const { growthMb, perSecond } = await besideStalled(program, path, events);
  await program.end();
  return { "s4-stalled-memory": growthMb, "s4-stalled-live": perSecond };
}
