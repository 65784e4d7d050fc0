import type { BufferReader, EventBuffer } from "./buffer.js";
import type { StreamEvent } from "./event.js";
import type { FrameChunk } from "./slab.js";
import { StreamLog } from "./stream-log.js";

/** What of an {@link EventBuffer} follows from logs that somebody else fills. */
export type LogReaders = Omit<EventBuffer, "publish">;

/** The readers of one stream. */
interface Audience {
  readonly readers: Set<LogReader>;
  /** The stream's log, as it was when the readers were last woken. */
  log: StreamLog | undefined;
  isReleased: boolean;
  /** Called when a reader has left. */
  readonly left: () => void;
}

class LogReader implements BufferReader {
  readonly wake: () => void;
  readonly #audience: Audience;

  // Nothing else is kept for a reader: a thousand of them are walked through at each commit.
  constructor(audience: Audience, wake: () => void) {
    this.#audience = audience;
    this.wake = wake;
  }

  leave(): void {
    if (this.#audience.readers.delete(this)) this.#audience.left();
  }

  lastSeq(): number {
    return this.#audience.log?.lastSeq ?? 0;
  }

  frames(after: number, limitBytes: number): FrameChunk | undefined {
    return this.#audience.log?.frames(after, limitBytes);
  }

  events(after: number, limit: number): readonly StreamEvent[] | undefined {
    return this.#audience.log?.events(after, limit);
  }
}

/**
 * Readers of logs by stream name: pages and wake-ups. A sealed log counts as not held. `letGo` is called for a stream
 * that was released once nobody reads it: readers that lag at the end share what is held to its last event.
 */
export function createLogReaders(logs: ReadonlyMap<string, StreamLog>, letGo: (stream: string) => void): LogReaders {
  const audiences = new Map<string, Audience>();
  const held = (stream: string): StreamLog | undefined => {
    const log = logs.get(stream);
    return log?.sealed ? undefined : log;
  };
  const open = (stream: string): Audience => {
    const left = (): void => {
      if (audience.readers.size > 0) return;
      audiences.delete(stream);
      if (audience.isReleased) letGo(stream);
    };
    const audience: Audience = { readers: new Set(), log: held(stream), isReleased: false, left };
    audiences.set(stream, audience);
    return audience;
  };
  return {
    wake(stream) {
      const audience = audiences.get(stream);
      if (!audience) return;
      audience.log = held(stream);
      for (const reader of audience.readers) reader.wake();
    },
    subscribe(stream, wake) {
      const audience = audiences.get(stream) ?? open(stream);
      const reader = new LogReader(audience, wake);
      audience.readers.add(reader);
      return reader;
    },
    release(stream) {
      const audience = audiences.get(stream);
      if (audience) audience.isReleased = true;
      else letGo(stream);
    },
    readers: (stream) => audiences.get(stream)?.readers.size ?? 0,
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
