import type { EventBuffer } from "../../../lib/events/buffer.js";
import { withReaders } from "../buffer-readers.js";

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
  const deafAtFirst: EventBuffer = {
    ...buffer,
    subscribe(stream, wake) {
      let hears = false;
      waiting.push(() => (hears = true));
      return buffer.subscribe(stream, () => hears && wake());
    },
  };
  return withReaders(deafAtFirst, (reader) => ({
    events: (after, limit) => late(reader.events(after, limit)),
    frames: (after, limitBytes) => late(reader.frames(after, limitBytes)),
  }));
}
