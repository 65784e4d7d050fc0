// Durable appends in batches, each flushed to the disk before it is acknowledged; and the disk they take.
import { compare } from "../lib/compare.mjs";
import { batchFrom, storeFigures } from "../lib/durable-append.mjs";
import { sampleEvent } from "../lib/sample-event.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";
import { openRawLog } from "../limits/raw-log.mjs";

const eventsOf = { 64: 25_600, 256: 51_200 };

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

function lineBytes(events) {
  let bytes = 0;
  for (let seq = 1; seq <= events; seq += 1) bytes += JSON.stringify(sampleEvent(seq)).length + 1;
  return bytes / events;
}
