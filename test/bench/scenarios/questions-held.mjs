// 250 calls that wait for an approval at once: how fast they are held and answered, and what each of them holds, against a raw server.
import { compare } from "../lib/compare.mjs";
import { heldBytes, heldRate } from "../lib/held-measures.mjs";
import { startProgram } from "../lib/program.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const connections = 250;
const rounds = 8;
const limits = { requestsPerConnection: 1_000_000, streamsPerRun: 100_000 };

await compare({
  rows: [
    { id: "questions-held-rate", title: "questions held and answered, 250 at once", unit: "questions/s", better: "higher", goal: 0.25 },
    { id: "questions-held-memory", title: "memory of a held call, beside its connection", unit: "B", better: "lower", goal: 5 },
  ],
  repetitions: 5,
  seconds: 30,
  ours: () => measure("servers/manager-server.mjs"),
  limit: () => measure("limits/ideal-held-server.mjs"),
});

async function measure(file) {
  const path = freshPath("server.sock");
  const program = await startProgram(file, { socketPath: path, limits });
  const memory = await heldBytes(program, path, connections);
  const rate = await heldRate(path, connections, rounds);
  await program.end();
  return { "questions-held-rate": rate, "questions-held-memory": memory };
}
