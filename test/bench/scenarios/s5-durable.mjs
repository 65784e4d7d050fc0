// Durable appends in batches, each flushed to the disk before it is acknowledged; and the disk they take.
import { statSync } from "node:fs";
import { compare } from "../lib/compare.mjs";
import { part } from "../lib/product.mjs";
import { sampleEvent, sampleParts } from "../lib/sample-event.mjs";
import { openSettledStore } from "../lib/settled-store.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";
import { openRawLog } from "../limits/raw-log.mjs";

const eventsOf = { 64: 25_600, 256: 51_200 };
/** Commits under way at once: one at the disk, one on its way. */
const inFlight = 2;

for (const [batch, events] of Object.entries(eventsOf)) {
  const id = `s5-append-${batch}`;
  await compare({
    rows: [
      { id, title: `durable events in batches of ${batch}, against write + fdatasync`, unit: "events/s", better: "higher", goal: 0.9 },
    ],
    seconds: 5,
    limit: () => ({ [id]: rawRate(Number(batch), events) }),
    ours: async () => ({ [id]: (await storeFigures(Number(batch), events)).perSecond }),
  });
}
await compare({
  rows: [{ id: "s5-disk", title: "disk that an event takes against its JSON line", unit: "B/event", better: "lower", goal: 1.05 }],
  repetitions: 1,
  warmUp: false,
  limit: () => ({ "s5-disk": lineBytes(51_200) }),
  ours: async () => ({ "s5-disk": (await storeFigures(256, 51_200)).bytesPerEvent }),
});

function rawRate(batch, events) {
  const log = openRawLog(freshPath("raw.jsonl"));
  const startedAt = performance.now();
  for (let seq = 1; seq <= events; seq += batch) log.commit(batchFrom(seq, batch, sampleEvent));
  const perSecond = events / ((performance.now() - startedAt) / 1000);
  log.close();
  return perSecond;
}

async function storeFigures(batch, events) {
  const { createEvent } = await part("lib/events/encode.js");
  const store = await openSettledStore();
  const makeEvent = (seq) => createEvent(sampleParts(seq));
  const empty = (await store.usage()).bytes;
  const startedAt = performance.now();
  const underWay = [];
  for (let seq = 1; seq <= events; seq += batch) {
    if (underWay.length === inFlight) await underWay.shift();
    underWay.push(store.commit({ appends: [{ stream: "run:bench", expectedSeq: seq - 1, events: batchFrom(seq, batch, makeEvent) }] }));
  }
  await Promise.all(underWay);
  const perSecond = events / ((performance.now() - startedAt) / 1000);
  await store.close();
  return { perSecond, bytesPerEvent: (statSync(store.path).size - empty) / events };
}

function batchFrom(first, count, make) {
  return Array.from({ length: count }, (_, i) => make(first + i));
}

function lineBytes(events) {
  let bytes = 0;
  for (let seq = 1; seq <= events; seq += 1) bytes += JSON.stringify(sampleEvent(seq)).length + 1;
  return bytes / events;
}
