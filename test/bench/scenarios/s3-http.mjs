// Starting runs over HTTP: 64 keep-alive connections on a Unix socket, 200 bytes of JSON and an idempotency key each.
import { compare } from "../lib/compare.mjs";
import { startProgram } from "../lib/program.mjs";
import { measureRequests } from "../lib/request-measures.mjs";
import { startRequest } from "../lib/start-request.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const connections = 64;
// Enough that what is measured is the work and not its first compilation, on both sides.
const requests = 8_000;
// One client makes more requests than any one user: the bounds for one connection and for the queue are not what is measured.
const limits = { requestsPerConnection: 1_000_000 };

await measure("s3-accept", "POST /runs into a queue that stands: processor time against raw node:http", {
  limits,
  manager: { paused: true, queueLimit: 1_000_000 },
});
await measure("s3-start", "POST /runs with the whole no-op run", { limits, manager: { queueLimit: 100_000 } });

async function measure(id, title, settings) {
  const programs = [];
  const side = async (file, options) => {
    const socketPath = freshPath("http.sock");
    const program = await startProgram(file, { socketPath, ...options });
    programs.push(program);
    const load = { path: socketPath, connections, requests, request: startRequest };
    return async () => ({ [id]: (await measureRequests(program, load)).cpuMicros });
  };
  const ours = await side("servers/manager-server.mjs", settings);
  const limit = await side("limits/raw-http-server.mjs", {});
  await compare({ rows: [{ id, title, unit: "µs/request", better: "lower", goal: 1.5 }], seconds: 5, ours, limit });
  for (const program of programs) await program.end();
}
