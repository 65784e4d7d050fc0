import type { EventBuffer } from "../../../lib/events/buffer.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import { withReaders } from "../buffer-readers.js";

type MakeBuffer = typeof createRingBuffer;

/** Buffers that are wrong in one point, each around a right one. */
export const wrongBuffers: Readonly<Record<string, MakeBuffer>> = {
  "skips an event after the cursor": around((ring) =>
    withReaders(ring, (reader) => ({ events: (after, limit) => reader.events(after + 1, limit) })),
  ),
  "repeats the event at the cursor": around((ring) =>
    withReaders(ring, (reader) => ({ events: (after, limit) => reader.events(Math.max(0, after - 1), limit) })),
  ),
  "never wakes": around((ring) => ({ subscribe: (stream) => ring.subscribe(stream, () => {}) })),
  "subscribes a reader after its first read": around((ring) => ({
    subscribe(stream, wake) {
      let hears = false;
      setImmediate(() => (hears = true));
      return ring.subscribe(stream, () => hears && wake());
    },
  })),
  "queues for each subscriber": around((ring) => {
    const queues = new Map<string, Set<StreamEvent[]>>();
    return {
      publish(stream, events) {
        for (const queue of queues.get(stream) ?? []) queue.push(...events);
        ring.publish(stream, events);
      },
      subscribe(stream, wake) {
        const own: StreamEvent[] = [];
        queues.set(stream, (queues.get(stream) ?? new Set()).add(own));
        return ring.subscribe(stream, wake);
      },
    };
  }),
  "releases nothing": around(() => ({ release: () => {} })),
};

function around(wrong: (ring: EventBuffer) => Partial<EventBuffer>): MakeBuffer {
  return (limits) => {
    const ring = createRingBuffer(limits);
    return { ...ring, ...wrong(ring) };
  };
}
