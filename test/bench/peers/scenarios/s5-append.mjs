// Durable appends in batches, each on the disk before it is acknowledged; and the disk they take.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { compare } from "../../lib/compare.mjs";
import { batchFrom, inFlight, storeFigures } from "../../lib/durable-append.mjs";
import { sampleEvent } from "../../lib/sample-event.mjs";
import { redisPeer } from "../lib/packages.mjs";
import { openRedisStream, startRedis } from "../lib/redis.mjs";
import { json, startDurableStreams } from "../lib/subjects.mjs";

const eventsOf = { 64: 12_800, 256: 25_600 };
/** It takes 64 events in the time in which others take thousands. */
const theirShare = 5;

const theirs = await startDurableStreams({ onDisk: true });
let streams = 0;
let redis;

for (const [batch, events] of Object.entries(eventsOf)) {
  const size = Number(batch);
  await row(`s5-append-${batch}-redis`, `durable events in batches of ${batch}`, redisPeer("appendfsync always"), 1.5, {
    ours: async () => (await storeFigures(size, events)).perSecond,
    limit: () => redisRate(size, events),
  });
  await row(`s5-append-${batch}-durable-streams`, `durable events in batches of ${batch}`, theirs.peer, 1, {
    ours: async () => (await storeFigures(size, events)).perSecond,
    limit: () => postRate(size, events / theirShare),
  });
}
await compare({
  rows: [
    { id: "s5-disk-durable-streams", title: "disk that an event takes", peer: theirs.peer, unit: "B/event", better: "lower", goal: 1 },
  ],
  repetitions: 1,
  warmUp: false,
  ours: async () => ({ "s5-disk-durable-streams": (await storeFigures(256, 25_600)).bytesPerEvent }),
  limit: async () => ({ "s5-disk-durable-streams": await diskOfEvents(256, 10_240) }),
});
await redis?.end();
await theirs.program.end();

async function row(id, title, peer, goal, { ours, limit }) {
  await compare({
    rows: [{ id, title, peer, unit: "events/s", better: "higher", goal }],
    repetitions: 3,
    seconds: 3,
    ours: async () => ({ [id]: await ours() }),
    limit: async () => ({ [id]: await limit() }),
  });
}

/** Two connections, as our two commits: one batch at the disk, one on its way. */
async function redisRate(batch, events) {
  redis ??= await startRedis("always");
  const lanes = await Promise.all(Array.from({ length: inFlight }, () => openRedisStream(redis.path)));
  const perSecond = await pace(batch, events, (lane, made) => lanes[lane].add(made));
  for (const lane of lanes) lane.close();
  return perSecond;
}

async function postRate(batch, events) {
  const name = `/appends/${(streams += 1)}`;
  await theirs.send("PUT", name, "", json);
  return pace(batch, events, (_lane, made) => theirs.send("POST", name, JSON.stringify(made), json));
}

async function pace(batch, events, append) {
  let next = 1;
  const startedAt = performance.now();
  const drive = async (_, lane) => {
    while (next <= events) {
      const first = next;
      next += batch;
      await append(lane, batchFrom(first, batch, sampleEvent));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, drive));
  return events / ((performance.now() - startedAt) / 1000);
}

async function diskOfEvents(batch, events) {
  const before = bytesUnder(theirs.dataFolder);
  await postRate(batch, events);
  return (bytesUnder(theirs.dataFolder) - before) / events;
}

function bytesUnder(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
