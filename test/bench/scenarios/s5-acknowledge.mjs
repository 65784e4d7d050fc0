// 10,000 events a second: how long until each is acknowledged as durable, and what the event loop feels of it.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { compare } from "../lib/compare.mjs";
import { core, part } from "../lib/product.mjs";
import { eventType, sampleEvent, samplePayload } from "../lib/sample-event.mjs";
import { percentile } from "../lib/statistics.mjs";
import { openSettledStore } from "../lib/settled-store.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";
import { openRawLog } from "../limits/raw-log.mjs";

const perSecond = 10_000;
const events = 6_000;

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
  seconds: 7,
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
  seconds: 7,
  limit: async () => ({ "s5-loop-p99": (await produce(noSink())).loopDelay }),
  ours: async () => ({ "s5-loop-p99": (await produce(await journalSink())).loopDelay }),
});

/** Hands over events as they fall due and notes when each is acknowledged. */
async function produce({ append, close }) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const delays = [];
  const acknowledged = [];
  const startedAt = performance.now();
  histogram.enable();
  for (let seq = 1; seq <= events; ) {
    const due = Math.min(events, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    for (; seq <= due; seq += 1) {
      const at = performance.now();
      acknowledged.push(append(seq).then(() => delays.push(performance.now() - at)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(acknowledged);
  histogram.disable();
  await close();
  return { delays, loopDelay: histogram.percentile(99) / 1e6 };
}

async function journalSink() {
  const { createRingBuffer, resolveLimits, systemHost } = await core();
  const { Journal } = await part("lib/events/journal.js");
  const limits = resolveLimits();
  const store = await openSettledStore();
  const journal = new Journal({ store, buffer: createRingBuffer(limits), host: systemHost, limits, onFailed: () => {} });
  journal.open("run:bench", 0);
  return {
    append: (seq) => journal.append({ appends: [{ stream: "run:bench", type: eventType, payload: samplePayload(seq) }] }).committed,
    close: () => store.close(),
  };
}

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
