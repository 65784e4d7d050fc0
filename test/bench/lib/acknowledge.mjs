import { monitorEventLoopDelay } from "node:perf_hooks";
import { core, part } from "./product.mjs";
import { eventType, samplePayload } from "./sample-event.mjs";
import { openSettledStore } from "./settled-store.mjs";

const perSecond = 10_000;
const events = 6_000;

/** Hands over events as they fall due and notes when each is acknowledged. */
export async function produce({ append, close }) {
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

/** A journal over a durable store. */
export async function journalSink() {
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
