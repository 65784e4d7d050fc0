// 10,000 events a second: how long until each is acknowledged as durable.
import { compare } from "../../lib/compare.mjs";
import { journalSink, produce } from "../../lib/acknowledge.mjs";
import { sampleEvent } from "../../lib/sample-event.mjs";
import { percentile } from "../../lib/statistics.mjs";
import { redisPeer } from "../lib/packages.mjs";
import { openRedisStream, startRedis } from "../lib/redis.mjs";

const [p50, p99] = ["s5-ack-p50-redis", "s5-ack-p99-redis"];
const about = { peer: redisPeer("appendfsync always"), unit: "ms", better: "lower", goal: 1 };
let redis;

await compare({
  rows: [
    { id: p50, title: "p50 of the acknowledgement at 10,000 events/s", ...about },
    { id: p99, title: "p99 of the same", ...about },
  ],
  seconds: 8,
  ours: async () => toFigures(await produce(await journalSink())),
  limit: async () => toFigures(await produce(await redisSink())),
});
await redis?.end();

function toFigures({ delays }) {
  return { [p50]: percentile(delays, 0.5), [p99]: percentile(delays, 0.99) };
}

/** Each event is sent as it comes: the server flushes once for all that wait. */
async function redisSink() {
  redis ??= await startRedis("always");
  const stream = await openRedisStream(redis.path);
  return { append: (seq) => stream.add([sampleEvent(seq)]), close: () => stream.close() };
}
