import type { EventBuffer } from "../../lib/events/buffer.js";
import { lastSeqOf, withReaders } from "./buffer-readers.js";

/** A buffer that can be made to let go of all it holds: from then on those events come from the store. */
export interface ForgetfulBuffer extends EventBuffer {
  forget(stream: string): void;
}

export function createForgetfulBuffer(buffer: EventBuffer): ForgetfulBuffer {
  const gone = new Map<string, number>();
  const holds = (stream: string, after: number): boolean => after >= (gone.get(stream) ?? 0);
  return {
    ...withReaders(buffer, (reader, stream) => ({
      lastSeq: () => (holds(stream, reader.lastSeq() - 1) ? reader.lastSeq() : 0),
      frames: (after, limitBytes) => (holds(stream, after) ? reader.frames(after, limitBytes) : undefined),
      events: (after, limit) => (holds(stream, after) ? reader.events(after, limit) : undefined),
    })),
    forget: (stream) => void gone.set(stream, lastSeqOf(buffer, stream)),
  };
}
