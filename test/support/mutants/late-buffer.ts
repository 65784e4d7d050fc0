import type { EventBuffer } from "../../../lib/events/buffer.js";

/** A buffer that tells a new reader of changes only once its first read is over. */
export function subscribesLate(buffer: EventBuffer): EventBuffer {
  const waiting: (() => void)[] = [];
  const late = <Answer>(answer: Answer): Answer => {
    // The read goes on to the store when the buffer has nothing; only then does the subscription begin.
    setImmediate(() => {
      for (const begin of waiting.splice(0)) begin();
    });
    return answer;
  };
  return {
    ...buffer,
    subscribe(stream, wake) {
      let stop: (() => void) | undefined;
      let isOver = false;
      waiting.push(() => {
        if (!isOver) stop = buffer.subscribe(stream, wake);
      });
      return () => {
        isOver = true;
        stop?.();
      };
    },
    events: (stream, after, limit) => late(buffer.events(stream, after, limit)),
    frames: (stream, after, limitBytes) => late(buffer.frames(stream, after, limitBytes)),
  };
}
