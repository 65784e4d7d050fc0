import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { EventBuffer } from "../../../lib/events/buffer.js";
import { createEvent } from "../../../lib/events/encode.js";
import { expectTrue } from "../../../lib/testing/expect.js";
import { lastSeqOf } from "../buffer-readers.js";

const readers = 256;
const events = 1_000;
const eventBytes = 16 * 1024;
const bounds = { ringEvents: 100, ringBytes: 1024 * 1024 };
// The ring itself and what the engine keeps for a while; far below the 16 MiB that pass through.
const allowedBytes = 6 * 1024 * 1024;

/** Readers that take nothing cost nothing: of 16 MiB that pass by 256 of them, only what the ring holds is kept. */
export async function proveStalledReadersCostNothing(make: (limits: typeof bounds) => EventBuffer): Promise<void> {
  const buffer = make(bounds);
  for (let reader = 0; reader < readers; reader += 1) buffer.subscribe("run:R-1", () => {});
  const before = await heldBytes();
  for (let seq = 1; seq <= events; seq += 1) buffer.publish("run:R-1", [eventOf(seq)]);
  const growth = (await heldBytes()) - before;
  expectTrue(growth < allowedBytes, `Stalled readers must not hold what passes by, but ${Math.round(growth / 1024)} KiB are held.`);
  expectTrue(buffer.readers("run:R-1") === readers && lastSeqOf(buffer, "run:R-1") === events, "Readers and events are there.");
}

function eventOf(seq: number): ReturnType<typeof createEvent> {
  // A text of its own for each: a shared one would weigh nothing.
  const text = String.fromCharCode(97 + (seq % 26)).repeat(eventBytes) + seq;
  return createEvent({
    run_id: "R-1",
    seq,
    type: "process.output",
    status: "running",
    time: "2026-01-02T03:04:05.678Z",
    payload: { text },
  });
}

let collect: (() => void) | undefined;

/** What is held after a collection. */
async function heldBytes(): Promise<number> {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  for (let round = 0; round < 2; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
