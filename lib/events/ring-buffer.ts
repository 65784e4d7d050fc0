import type { EventBuffer } from "./buffer.js";
import { StreamLog } from "./stream-log.js";

/** An {@link EventBuffer} in memory: one bounded log per stream that is being written, wake-ups per stream. */
export function createRingBuffer(limits: { readonly ringEvents: number; readonly ringBytes: number }): EventBuffer {
  const logs = new Map<string, StreamLog>();
  const readers = new Map<string, Set<() => void>>();

  const wake = (stream: string): void => {
    for (const call of readers.get(stream) ?? []) call();
  };

  return {
    publish(stream, events) {
      let log = logs.get(stream);
      if (!log) logs.set(stream, (log = new StreamLog(limits)));
      log.append(events);
      wake(stream);
    },
    wake,
    frames: (stream, after, limitBytes) => logs.get(stream)?.frames(after, limitBytes),
    events: (stream, after, limit) => logs.get(stream)?.events(after, limit),
    lastSeq: (stream) => logs.get(stream)?.lastSeq ?? 0,
    subscribe(stream, call) {
      // A set of the caller's own function would merge two readers that pass the same one.
      const own = (): void => call();
      const calls = readers.get(stream) ?? new Set();
      readers.set(stream, calls.add(own));
      return () => {
        calls.delete(own);
        if (calls.size === 0 && readers.get(stream) === calls) readers.delete(stream);
      };
    },
    readers: (stream) => readers.get(stream)?.size ?? 0,
    release: (stream) => void logs.delete(stream),
  };
}
