import type { Readable } from "node:stream";
import type { Clock } from "../../host.js";
import type { Emission, OutputSink } from "./output-sink.js";

/** How a stream is read. */
export interface PumpOptions {
  readonly clock: Clock;
  /** Time that output is gathered after its first byte. */
  readonly flushMs: number;
  /** Aborts when the writer is gone: what has been written is still read, then reading ends. */
  readonly stop: AbortSignal;
  /** Takes events in order; nothing is read while it is pending. */
  readonly send: (events: readonly Emission[]) => Promise<void>;
}

// What a pipe or socket can hold at most: more than this after the end was written by somebody else.
const leftBytes = 1024 * 1024;
// Time that bytes on their way from the kernel get to arrive.
const arrivalMs = 20;

/** Reads a stream into events until it ends, or is silent after the stop. Rejects when `send` does. */
export async function pumpOutput(source: Readable, sink: OutputSink, options: PumpOptions): Promise<void> {
  const { clock, flushMs, stop, send } = options;
  let wake = (): void => {};
  let ended = false;
  let flushDue = false;
  let cancelFlush: (() => void) | undefined;
  let lastChance = false;
  let left = leftBytes;
  const finish = (): void => {
    ended = true;
    wake();
  };
  const woken = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const onStop = (): void => wake();
  source.on("readable", () => wake());
  source.on("end", finish).on("close", finish).on("error", finish);
  stop.addEventListener("abort", onStop);

  const flushLater = (): void => {
    if (cancelFlush || !sink.waiting) return;
    cancelFlush = clock.schedule(() => {
      cancelFlush = undefined;
      flushDue = true;
      wake();
    }, flushMs);
  };

  try {
    while (left > 0) {
      const chunk = source.read() as Buffer | null;
      if (chunk) {
        if (stop.aborted) left -= chunk.length;
        const events = sink.push(chunk);
        if (events.length > 0) await send(events);
      }
      if (flushDue) {
        flushDue = false;
        const events = sink.flush();
        if (events.length > 0) await send(events);
      }
      flushLater();
      if (chunk || source.readableLength > 0) continue;
      if (ended || lastChance) break;
      lastChance = stop.aborted;
      // Through the poll phase once more: in a late loop the timer comes before what the kernel already has.
      if (lastChance) clock.schedule(() => setImmediate(() => wake()), arrivalMs);
      await woken();
    }
    const events = sink.end();
    if (events.length > 0) await send(events);
  } finally {
    cancelFlush?.();
    stop.removeEventListener("abort", onStop);
    source.destroy();
  }
}
