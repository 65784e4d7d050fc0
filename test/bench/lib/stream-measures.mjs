// What the event streams of a server are measured by. A program opens a stream, emits into it, and tells its processor time and memory.
import { openReaders, readToEnd } from "./stream-client.mjs";

const pacedPerSecond = 1_000;
const pacedEvents = 900;
/** Looking into every reader's bytes would make this program the bottleneck. */
const sampledReaders = 10;
const stalledReaders = 50;

/** Microseconds of the server for each event that a reader got. */
export async function cpuPerDelivery(program, path, count, events) {
  const { target } = await program.call("openStream");
  const readers = await openReaders({ path, target, count });
  const before = await program.call("cpu");
  await program.call("emit", { target, events });
  await readToEnd(readers, events);
  return ((await program.call("cpu")) - before) / (events * count);
}

/** The same of the feed, whose streams have no end: a reader leaves with the last event. */
export async function feedCpuPerDelivery(program, path, count, events) {
  const { target, from } = await program.call("openFeed");
  const readers = await openReaders({ path, target, count, lastSeq: from + events });
  const before = await program.call("cpu");
  await program.call("emitFeed", { events });
  await readToEnd(readers, events);
  return ((await program.call("cpu")) - before) / (events * count);
}

/** Milliseconds from the making of an event to its arrival at a reader, at 1,000 events a second. */
export async function delaysMs(program, path, count) {
  const { target } = await program.call("openStream");
  const delays = [];
  const onData = (bytes) => {
    const now = process.hrtime.bigint();
    for (const [, at] of bytes.latin1Slice().matchAll(/"at":"(\d+)"/g)) delays.push(Number(now - BigInt(at)) / 1e6);
  };
  const readers = await openReaders({ path, target, count, onData, sampleEvery: Math.ceil(count / sampledReaders) });
  await program.call("emit", { target, events: pacedEvents, perSecond: pacedPerSecond });
  await readToEnd(readers, pacedEvents);
  return delays;
}

/** What a server grows by with 50 readers that take nothing, and how fast one that reads gets its events. */
export async function besideStalled(program, path, events) {
  const { target } = await program.call("openStream");
  const idle = await openReaders({ path, target, count: stalledReaders });
  for (const { socket } of idle) socket.pause();
  const live = await openReaders({ path, target, count: 1 });
  const before = await program.call("memory");
  const startedAt = performance.now();
  await program.call("emit", { target, events });
  await readToEnd(live, events);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await program.call("memory");
  for (const { socket } of idle) socket.destroy();
  return { growthMb: (after.peak - before.now) / 1e6, perSecond: events / seconds };
}
