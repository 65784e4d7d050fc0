// Start to completed in process against a queue on Redis whose worker is in the same process.
import { compare } from "../../lib/compare.mjs";
import { burst, concurrency, rate, runRate } from "../../lib/run-burst.mjs";
import { installed, redisPeer, requireFrom, titleOf } from "../lib/packages.mjs";
import { startRedis } from "../lib/redis.mjs";

const bursts = 2;
const id = "s1-noop-bullmq";
let redis;

await compare({
  rows: [
    {
      id,
      title: "start → completed of a no-op run",
      peer: `${titleOf("bullmq")} on ${redisPeer()}`,
      unit: "runs/s",
      better: "higher",
      goal: 23,
    },
  ],
  seconds: 8,
  ours: async () => ({ [id]: await runRate(bursts, () => {}) }),
  limit: async () => ({ [id]: await jobRate() }),
});
await redis?.end();

async function jobRate() {
  redis ??= await startRedis("everysec");
  const { Queue, Worker } = requireFrom(installed("bullmq"), "bullmq");
  const connection = { path: redis.path, maxRetriesPerRequest: null };
  const queue = new Queue("bench", { connection });
  const worker = new Worker("bench", async () => {}, { connection, concurrency });
  let left = bursts * burst;
  const { promise: completed, resolve, reject } = Promise.withResolvers();
  worker.on("completed", () => --left === 0 && resolve());
  worker.on("failed", (_job, error) => reject(error));
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const perSecond = await rate(bursts * burst, async () => {
    for (let i = 0; i < bursts; i += 1) await Promise.all(Array.from({ length: burst }, () => queue.add("noop", { prompt: "bench" })));
    await completed;
  });
  await worker.close();
  await queue.close();
  return perSecond;
}
