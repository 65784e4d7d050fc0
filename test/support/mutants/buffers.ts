import type { EventBuffer } from "../../../lib/events/buffer.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";

type MakeBuffer = typeof createRingBuffer;

/** Buffers that are wrong in one point, each around a right one. */
export const wrongBuffers: Readonly<Record<string, MakeBuffer>> = {
  "skips an event after the cursor": around((ring) => ({ events: (stream, after, limit) => ring.events(stream, after + 1, limit) })),
  "repeats the event at the cursor": around((ring) => ({
    events: (stream, after, limit) => ring.events(stream, Math.max(0, after - 1), limit),
  })),
  "never wakes": around(() => ({ subscribe: () => () => {} })),
  "subscribes a reader after its first read": around((ring) => ({
    subscribe(stream, wake) {
      let leave = (): void => {};
      const later = setImmediate(() => (leave = ring.subscribe(stream, wake)));
      return () => {
        clearImmediate(later);
        leave();
      };
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
        const leave = ring.subscribe(stream, wake);
        return () => {
          queues.get(stream)?.delete(own);
          leave();
        };
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
