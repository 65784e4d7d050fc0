// Bytes for what a manager keeps: a retained live event, a reader that waits, a reader that takes nothing. (A finished run: s1-heap.)
import { compare } from "../lib/compare.mjs";
import { bytesInUse } from "../lib/memory.mjs";
import { core } from "../lib/product.mjs";
import { eventType, sampleEvent, samplePayload } from "../lib/sample-event.mjs";

const retained = 5_000;
const readers = 1_000;
/** There is no least to hold these against: what a reader may cost at most, one page of events with it if it stopped inside one. */
const idleBytes = 8 * 1024;
const stalledBytes = 64 * 1024;
const limits = { streamsPerRun: 100_000, streams: 100_000, waits: 100_000 };

await compare({
  rows: [{ id: "memory-event", title: "retained live event against its frame", unit: "B", better: "lower", goal: 1.1 }],
  repetitions: 3,
  warmUp: false,
  ours: async () => ({ "memory-event": await eventBytes() }),
  limit: () => ({ "memory-event": frameBytes() }),
});
await compare({
  rows: [{ id: "memory-idle-reader", title: "reader that waits for events, against 8 KiB", unit: "B", better: "lower", goal: 1 }],
  repetitions: 3,
  warmUp: false,
  ours: async () => ({ "memory-idle-reader": await readerBytes((run) => run.events()) }),
  limit: () => ({ "memory-idle-reader": idleBytes }),
});
await compare({
  rows: [
    {
      id: "memory-stalled-reader",
      title: `reader that stopped in the middle of ${retained} events, against 64 KiB`,
      unit: "B",
      better: "lower",
      goal: 1,
    },
  ],
  repetitions: 3,
  warmUp: false,
  ours: async () => ({ "memory-stalled-reader": await readerBytes((run) => run.events(), retained) }),
  limit: () => ({ "memory-stalled-reader": stalledBytes }),
});

/** A manager with one run that emits what it is told and then waits. */
async function openRun() {
  const { RunManager, functionExecutor } = await core();
  const orders = [];
  const order = () => new Promise((resolve) => orders.push(resolve));
  const manager = new RunManager({
    executors: {
      bench: functionExecutor(async ({ emit }) => {
        for (let next = await order(); next; next = await order()) {
          let last;
          for (let seq = 1; seq <= next.count; seq += 1) last = emit(eventType, { text: flat(samplePayload(seq).text) });
          await last;
          next.done();
        }
      }),
    },
    profiles: { craft: { executor: "bench" } },
    limits,
  });
  await manager.open();
  const run = await manager.start({ prompt: "bench" });
  const emit = async (count) => {
    const answer = await whenAsked(orders);
    await new Promise((done) => answer({ count, done }));
  };
  const close = async () => {
    (await whenAsked(orders))(undefined);
    await run.done();
    await manager.close();
  };
  return { run, emit, close };
}

async function whenAsked(orders) {
  while (orders.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return orders.shift();
}

async function eventBytes() {
  const { run, emit, close } = await openRun();
  // A reader, so that events have the form in which they are read.
  const iterator = run.events()[Symbol.asyncIterator]();
  await emit(1);
  await iterator.next();
  const before = await bytesInUse();
  await emit(retained);
  const bytes = ((await bytesInUse()) - before) / retained;
  await iterator.return();
  await close();
  return bytes;
}

function frameBytes() {
  let bytes = 0;
  for (let seq = 1; seq <= retained; seq += 1) bytes += `id: ${seq}\ndata: ${JSON.stringify(sampleEvent(seq))}\n\n`.length;
  return bytes / retained;
}

/** Bytes of a reader that has read what there was, or, with `behind`, one event of so many. */
async function readerBytes(open, behind = 0) {
  const { run, emit, close } = await openRun();
  await emit(1);
  const warm = open(run)[Symbol.asyncIterator]();
  await warm.next();
  if (behind > 0) await emit(behind);
  const before = await bytesInUse();
  const iterators = Array.from({ length: readers }, () => open(run)[Symbol.asyncIterator]());
  for (const iterator of iterators) await iterator.next();
  const waiting = behind > 0 ? [] : await waitingReads(iterators);
  const bytes = ((await bytesInUse()) - before) / readers;
  await close();
  await Promise.all(waiting);
  await Promise.all([warm, ...iterators].map((iterator) => iterator.return()));
  return bytes;
}

/** Each reads on until there is nothing; answers the reads that wait. */
async function waitingReads(iterators) {
  const waiting = [];
  for (const iterator of iterators) {
    for (let isWaiting = false; !isWaiting; ) {
      const read = iterator.next();
      isWaiting = await Promise.race([read.then(() => false), new Promise((resolve) => setImmediate(resolve, true))]);
      if (isWaiting) waiting.push(read);
    }
  }
  return waiting;
}

/** A text of its own and not a rope of shared parts. */
function flat(text) {
  return Buffer.from(text).toString("latin1");
}
