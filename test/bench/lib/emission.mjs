import { samplePayload } from "./sample-event.mjs";

const perTick = 64;

/** Emits so many events, a batch in each turn of the event loop. `emit` may answer a promise; the last of each batch is waited for. */
export async function emitTicks(events, emit) {
  for (let seq = 1; seq <= events; ) {
    let last;
    for (const end = Math.min(events, seq + perTick - 1); seq <= end; seq += 1) last = emit(samplePayload(seq));
    await last;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Emits at a steady rate; each payload says `at` which nanosecond of the system's monotonic clock it was made. */
export async function emitPaced(events, perSecond, emit) {
  const startedAt = performance.now();
  for (let seq = 1; seq <= events; ) {
    const due = Math.min(events, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    let last;
    for (; seq <= due; seq += 1) last = emit({ ...samplePayload(seq), at: String(process.hrtime.bigint()) });
    await last;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
