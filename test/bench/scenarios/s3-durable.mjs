// Starting runs over HTTP, each acknowledged after it is on the disk, against raw node:http without a disk.
import { compare } from "../lib/compare.mjs";
import { sendAll } from "../lib/load-client.mjs";
import { startProgram } from "../lib/program.mjs";
import { startRequest } from "../lib/start-request.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const connections = 64;
// Enough that what is measured is the work and not its first compilation, on both sides.
const requests = 4_000;
const limits = { requestsPerConnection: 1_000_000 };

await measure("s3-durable", "durable POST /runs into a queue that stands, against raw node:http", { paused: true, queueLimit: 1_000_000 });
await measure("s3-durable-run", "durable POST /runs with the whole no-op run", { queueLimit: 100_000 });

async function measure(id, title, manager) {
  const [oursPath, limitPath] = [freshPath("durable.sock"), freshPath("raw.sock")];
  const product = await startProgram("servers/manager-server.mjs", {
    socketPath: oursPath,
    storePath: freshPath("store.db"),
    limits,
    manager,
  });
  const raw = await startProgram("limits/raw-http-server.mjs", { socketPath: limitPath });
  const rate = async (path) => ({ [id]: (await sendAll({ path, connections, requests, request: startRequest })).perSecond });
  await compare({
    rows: [{ id, title, unit: "requests/s", better: "higher", goal: 0.4 }],
    seconds: 5,
    ours: () => rate(oursPath),
    limit: () => rate(limitPath),
  });
  await product.end();
  await raw.end();
}
