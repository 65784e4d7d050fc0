import type { EventBuffer } from "./buffer.js";
import { StreamLog } from "./stream-log.js";

/** What of an {@link EventBuffer} follows from logs that somebody else fills. */
export type LogReaders = Omit<EventBuffer, "publish">;

/**
 * Readers of logs by stream name: pages and wake-ups. A sealed log counts as not held. `letGo` is called for a stream
 * that was released once nobody reads it: readers that lag at the end share what is held to its last event.
 */
export function createLogReaders(logs: ReadonlyMap<string, StreamLog>, letGo: (stream: string) => void): LogReaders {
  const readers = new Map<string, Set<() => void>>();
  const released = new Set<string>();
  const held = (stream: string): StreamLog | undefined => {
    const log = logs.get(stream);
    return log?.sealed ? undefined : log;
  };
  return {
    wake(stream) {
      const calls = readers.get(stream);
      if (calls) for (const call of calls) call();
    },
    frames: (stream, after, limitBytes) => held(stream)?.frames(after, limitBytes),
    events: (stream, after, limit) => held(stream)?.events(after, limit),
    lastSeq: (stream) => held(stream)?.lastSeq ?? 0,
    subscribe(stream, call) {
      // A set of the caller's own function would merge two readers that pass the same one.
      const own = (): void => call();
      const calls = readers.get(stream) ?? new Set();
      readers.set(stream, calls.add(own));
      return () => {
        calls.delete(own);
        if (calls.size > 0 || readers.get(stream) !== calls) return;
        readers.delete(stream);
        if (released.delete(stream)) letGo(stream);
      };
    },
    release(stream) {
      if (readers.has(stream)) released.add(stream);
      else letGo(stream);
    },
    readers: (stream) => readers.get(stream)?.size ?? 0,
  };
}

/** An {@link EventBuffer} in memory: one bounded log per stream that is being written, wake-ups per stream. */
export function createRingBuffer(limits: { readonly ringEvents: number; readonly ringBytes: number }): EventBuffer {
  const bounds = { events: limits.ringEvents, bytes: limits.ringBytes };
  const logs = new Map<string, StreamLog>();
  const readers = createLogReaders(logs, (stream) => void logs.delete(stream));
  return {
    ...readers,
    publish(stream, events) {
      let log = logs.get(stream);
      if (!log) logs.set(stream, (log = new StreamLog(bounds)));
      log.append(events);
      readers.wake(stream);
    },
  };
}
