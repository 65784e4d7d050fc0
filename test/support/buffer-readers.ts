import type { BufferReader, EventBuffer } from "../../lib/events/buffer.js";

/** The newest seq that a new reader of the stream is told. */
export function lastSeqOf(buffer: EventBuffer, stream: string): number {
  const reader = buffer.subscribe(stream, () => {});
  const seq = reader.lastSeq();
  reader.leave();
  return seq;
}

/** The buffer with readers that are other in some points. */
export function withReaders(buffer: EventBuffer, other: (reader: BufferReader, stream: string) => Partial<BufferReader>): EventBuffer {
  return {
    ...buffer,
    subscribe(stream, wake) {
      const reader = buffer.subscribe(stream, wake);
      return {
        lastSeq: () => reader.lastSeq(),
        frames: (after, limitBytes) => reader.frames(after, limitBytes),
        events: (after, limit) => reader.events(after, limit),
        leave: () => reader.leave(),
        ...other(reader, stream),
      };
    },
  };
}
