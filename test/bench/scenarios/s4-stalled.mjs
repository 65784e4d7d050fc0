// 50 readers that take nothing and one that reads: what the server holds for them, and how fast the live one still is.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { openReaders, readToEnd } from "../lib/stream-client.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const stalled = 50;
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
  const { target } = await program.call("openStream");
  const idle = await openReaders({ path, target, count: stalled });
  for (const { socket } of idle) socket.pause();
  const live = await openReaders({ path, target, count: 1 });
  const before = await program.call("memory");
  const startedAt = performance.now();
  await program.call("emit", { target, events });
  await readToEnd(live, events);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await program.call("memory");
  for (const { socket } of idle) socket.destroy();
  await program.end();
  return { "s4-stalled-memory": (after.peak - before.now) / 1e6, "s4-stalled-live": events / seconds };
}
