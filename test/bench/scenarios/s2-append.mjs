// Append and fan-out in process, 64 events a tick: encoding included, each reader taking the new frames of each tick.
import { compare } from "../lib/compare.mjs";
import { bytesInUse } from "../lib/memory.mjs";
import { core, part } from "../lib/product.mjs";
import { eventType, sampleEvent, sampleParts, samplePayload } from "../lib/sample-event.mjs";
import { createSlabLog } from "../limits/slab.mjs";

const perTick = 64;
const ticks = 700;
const heldEvents = 20_000;
const mostBytes = 256 * 1024;

for (const readers of [0, 1, 10, 100, 1_000]) {
  const id = `s2-ring-${readers}`;
  await compare({
    rows: [{ id, title: `append and encode, ${readers} cursors, against a bare slab`, unit: "events/s", better: "higher", goal: 0.8 }],
    seconds: 1.2,
    limit: () => ({ [id]: slabRate(readers) }),
    ours: async () => ({ [id]: await ringRate(readers) }),
  });
}
for (const readers of [1, 100]) {
  const id = `s2-journal-${readers}`;
  await compare({
    rows: [
      { id, title: `the same through the journal and the memory store, ${readers} cursors`, unit: "events/s", better: "higher", goal: 0.8 },
    ],
    seconds: 1.5,
    limit: () => ({ [id]: slabRate(readers) }),
    ours: async () => ({ [id]: await journalRate(readers) }),
  });
}
await compare({
  rows: [
    { id: "s2-bytes-ring", title: "memory of an event in the live ring against its frame", unit: "B/event", better: "lower", goal: 1.1 },
    { id: "s2-bytes-live", title: "the same with the memory store behind it", unit: "B/event", better: "lower", goal: 1.1 },
  ],
  repetitions: 2,
  warmUp: false,
  limit: () => ({ "s2-bytes-ring": meanFrame(), "s2-bytes-live": meanFrame() }),
  ours: async () => ({ "s2-bytes-ring": await ringBytes(), "s2-bytes-live": await journalBytes() }),
});

function slabRate(count) {
  const log = createSlabLog();
  const cursors = Array.from({ length: count }, () => log.cursor());
  let taken = 0;
  let seq = 0;
  return ratePerTick(() => {
    const events = [];
    for (let i = 0; i < perTick; i += 1) events.push(sampleEvent(++seq));
    log.append(events);
    for (const cursor of cursors) for (let view = log.take(cursor); view; view = log.take(cursor)) taken += view.length;
    return count === 0 || taken > 0;
  });
}

async function ringRate(count) {
  const { createRingBuffer, defaultLimits } = await core();
  const { createEvent } = await part("lib/events/encode.js");
  const ring = createRingBuffer(defaultLimits);
  const readers = subscribe(ring, count);
  let seq = 0;
  return ratePerTick(() => {
    const events = [];
    for (let i = 0; i < perTick; i += 1) events.push(createEvent(sampleParts(++seq)));
    ring.publish("run:bench", events);
    return readers.every(({ after }) => after === seq);
  });
}

async function journalRate(count) {
  const { journal, ring } = await openJournal();
  const readers = subscribe(ring, count);
  let seq = 0;
  const startedAt = performance.now();
  for (let tick = 0; tick < ticks; tick += 1) {
    let last;
    for (let i = 0; i < perTick; i += 1) last = journal.append({ appends: [draft(++seq)] });
    await last.committed;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  assertRead(readers.every(({ after }) => after === seq));
  return (ticks * perTick) / seconds;
}

async function openJournal(limits = {}) {
  const { createMemoryStore, resolveLimits, systemHost } = await core();
  const { Journal } = await part("lib/events/journal.js");
  const resolved = resolveLimits(limits);
  const store = createMemoryStore({ limits: resolved });
  // As a manager does: the memory store is its own buffer, so that an event is held once.
  const ring = store.buffer;
  const journal = new Journal({ store, buffer: ring, host: systemHost, limits: resolved, onFailed: () => {} });
  journal.open("run:bench", 0);
  return { journal, ring, store };
}

function draft(seq) {
  return { stream: "run:bench", type: eventType, run_id: "R-1760000000000000000_1", payload: samplePayload(seq) };
}

/** Readers that take everything there is whenever they are woken. */
function subscribe(ring, count) {
  return Array.from({ length: count }, () => {
    const cursor = { after: 0 };
    const reader = ring.subscribe("run:bench", () => {
      for (let chunk = reader.frames(cursor.after, mostBytes); chunk; chunk = reader.frames(cursor.after, mostBytes))
        cursor.after = chunk.toSeq;
    });
    return cursor;
  });
}

function ratePerTick(tick) {
  const startedAt = performance.now();
  for (let i = 0; i < ticks; i += 1) assertRead(tick());
  return (ticks * perTick) / ((performance.now() - startedAt) / 1000);
}

function assertRead(isRead) {
  if (!isRead) throw new Error("a reader did not get every event");
}

function meanFrame() {
  let bytes = 0;
  for (let seq = 1; seq <= heldEvents; seq += 1) bytes += `id: ${seq}\ndata: ${JSON.stringify(sampleEvent(seq))}\n\n`.length;
  return bytes / heldEvents;
}

/** The ring is made larger, so that it holds everything: its bounds are not what is measured. */
async function ringBytes() {
  const { createRingBuffer } = await core();
  const { createEvent } = await part("lib/events/encode.js");
  const ring = createRingBuffer({ ringEvents: heldEvents, ringBytes: heldEvents * 1024 });
  const before = await bytesInUse();
  for (let seq = 1; seq <= heldEvents; seq += 1) ring.publish("run:bench", [createEvent(sampleParts(seq))]);
  const reader = ring.subscribe("run:bench", () => {});
  const isHeld = () => reader.frames(0, 1)?.fromSeq === 1 && reader.frames(heldEvents - 1, 1)?.toSeq === heldEvents;
  assertRead(isHeld());
  const bytes = ((await bytesInUse()) - before) / heldEvents;
  // Asked again, so that the ring is in use until here.
  assertRead(isHeld());
  return bytes;
}

async function journalBytes() {
  const { journal, ring, store } = await openJournal({ streamEvents: heldEvents, streamBytes: heldEvents * 1024 });
  const before = await bytesInUse();
  for (let seq = 1; seq <= heldEvents; seq += perTick) {
    const appends = Array.from({ length: Math.min(perTick, heldEvents - seq + 1) }, (_, i) => draft(seq + i));
    await journal.append({ appends }).committed;
  }
  const bytes = ((await bytesInUse()) - before) / heldEvents;
  assertRead(ring.subscribe("run:bench", () => {}).frames(heldEvents - 1, mostBytes)?.toSeq === heldEvents);
  await store.close();
  return bytes;
}
