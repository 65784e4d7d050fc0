import type { EventBuffer } from "../../lib/events/buffer.js";

/** A buffer that can be made to let go of all it holds: from then on those events come from the store. */
export interface ForgetfulBuffer extends EventBuffer {
  forget(stream: string): void;
}

export function createForgetfulBuffer(buffer: EventBuffer): ForgetfulBuffer {
  const gone = new Map<string, number>();
  const holds = (stream: string, after: number): boolean => after >= (gone.get(stream) ?? 0);
  return {
    ...buffer,
    forget: (stream) => void gone.set(stream, buffer.lastSeq(stream)),
    lastSeq: (stream) => (holds(stream, buffer.lastSeq(stream) - 1) ? buffer.lastSeq(stream) : 0),
    frames: (stream, after, limitBytes) => (holds(stream, after) ? buffer.frames(stream, after, limitBytes) : undefined),
    events: (stream, after, limit) => (holds(stream, after) ? buffer.events(stream, after, limit) : undefined),
  };
}
