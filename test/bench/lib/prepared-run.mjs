import { closeSync, openSync, writeSync } from "node:fs";
import { core, part } from "./product.mjs";
import { sampleParts } from "./sample-event.mjs";

const eventsPerSegment = 256;
const segmentsUnderWay = 64;

/** The record of a run that has ended, as the product stores it. */
function recordOf(id, lastSeq) {
  return {
    id,
    status: "completed",
    label: "",
    profile: "craft",
    prompt: "bench",
    started_at: "2026-01-01T00:00:00.000Z",
    ended_at: "2026-01-01T00:00:00.000Z",
    duration_ms: 1,
    stop_reason: "end_turn",
    approval_mode: "ask",
    executor: "bench",
    origin: "request",
    key: "local",
    priority: 0,
    last_seq: lastSeq,
  };
}

/** Puts a finished run with so many events into the store at `path`; `framesPath`, if given, gets the same as SSE frames. */
export async function prepareRun({ path, events, limits, framesPath }) {
  const { openSqliteStore } = await core();
  const { createEvent, encodeLine } = await part("lib/events/encode.js");
  const id = sampleParts(1).run_id;
  const store = await openSqliteStore({ path, limits, durability: "normal" });
  const frames = framesPath === undefined ? undefined : openSync(framesPath, "w", 0o600);
  const underWay = [];
  for (let seq = 1; seq <= events; seq += eventsPerSegment) {
    const count = Math.min(eventsPerSegment, events - seq + 1);
    const batch = Array.from({ length: count }, (_, i) => createEvent(partsOf(seq + i, events)));
    if (underWay.length === segmentsUnderWay) await underWay.shift();
    underWay.push(store.commit({ appends: [{ stream: `run:${id}`, expectedSeq: seq - 1, events: batch }] }));
    if (frames !== undefined) writeSync(frames, batch.map((event) => `id: ${event.seq}\ndata: ${encodeLine(event)}\n\n`).join(""));
  }
  await Promise.all(underWay);
  await store.commit({ puts: [{ collection: "runs", id, record: recordOf(id, events), expectedRevision: 0 }] });
  await store.close();
  if (frames !== undefined) closeSync(frames);
  return { id };
}

function partsOf(seq, last) {
  const parts = sampleParts(seq);
  return seq < last ? parts : { ...parts, type: "run.completed", status: "completed" };
}
