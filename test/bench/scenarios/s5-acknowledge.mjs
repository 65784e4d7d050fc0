// 10,000 events a second: how long until each is acknowledged as durable, and what the event loop feels of it.
import { compare } from "../lib/compare.mjs";
import { journalSink, produce } from "../lib/acknowledge.mjs";
import { sampleEvent } from "../lib/sample-event.mjs";
import { percentile } from "../lib/statistics.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";
import { openRawLog } from "../limits/raw-log.mjs";

await compare({
  rows: [
    {
      id: "s5-ack-p50",
      title: "p50 of the acknowledgement at 10,000 events/s, against raw writes that share their flush",
      unit: "ms",
      better: "lower",
      goal: 1.5,
    },
  ],
  seconds: 5,
  limit: async () => ({ "s5-ack-p50": percentile((await produce(rawSink())).delays, 0.5) }),
  ours: async () => ({ "s5-ack-p50": percentile((await produce(await journalSink())).delays, 0.5) }),
});
await compare({
  rows: [
    {
      id: "s5-loop-p99",
      title: "p99 of the event-loop delay meanwhile, against the same program without a store",
      unit: "ms",
      better: "lower",
      goal: 2,
    },
  ],
  seconds: 5,
  limit: async () => ({ "s5-loop-p99": (await produce(noSink())).loopDelay }),
  ours: async () => ({ "s5-loop-p99": (await produce(await journalSink())).loopDelay }),
});

/** Writes and flushes what is pending as soon as the last flush is done. */
function rawSink() {
  const log = openRawLog(freshPath("raw.jsonl"));
  let pending = [];
  const flush = () => {
    const batch = pending;
    pending = [];
    log.commit(batch.map(({ event }) => event));
    for (const { resolve } of batch) resolve();
  };
  return {
    append(seq) {
      const { promise, resolve } = Promise.withResolvers();
      if (pending.length === 0) setImmediate(flush);
      pending.push({ event: sampleEvent(seq), resolve });
      return promise;
    },
    close: () => log.close(),
  };
}

function noSink() {
  const kept = [];
  return {
    append: async (seq) => void kept.push(sampleEvent(seq)),
    close: () => {},
  };
}
