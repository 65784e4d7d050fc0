import { statSync } from "node:fs";
import { part } from "./product.mjs";
import { sampleParts } from "./sample-event.mjs";
import { openSettledStore } from "./settled-store.mjs";

/** Commits under way at once: one at the disk, one on its way. */
export const inFlight = 2;

/** Durable events a second in batches of so many, and the bytes that each then takes. */
export async function storeFigures(batch, events) {
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

/** So many events from `first` on. */
export function batchFrom(first, count, make) {
  return Array.from({ length: count }, (_, i) => make(first + i));
}
