import type { BufferReader, EventBuffer } from "../events/buffer.js";
import { encodeLine } from "../events/encode.js";
import type { StreamEvent } from "../events/event.js";
import { expectEqual, expectTrue } from "./expect.js";
import type { Suite } from "./suite.js";

/** How large a buffer under test may grow, per stream. */
export interface EventBufferBounds {
  readonly ringEvents: number;
  readonly ringBytes: number;
}

/** An implementation of `EventBuffer` to be tested. */
export interface EventBufferSubject {
  readonly supports: object;
  /** A new, empty buffer of about these bounds. */
  make(bounds: EventBufferBounds): EventBuffer;
}

const stream = "run:R-1";
const roomy: EventBufferBounds = { ringEvents: 1_000, ringBytes: 4 * 1024 * 1024 };
const text = new TextDecoder();

/** What every {@link EventBuffer} promises. */
export const eventBufferSuite: Suite<EventBufferSubject> = {
  plugPoint: "EventBuffer",
  cases: [
    {
      clause: "buffer.events",
      title: "gives the events after a cursor, in order and at most as many as asked for",
      async run({ make }) {
        const { reader, events } = filled(make(roomy), 20);
        expectEqual(reader.events(0, 100), events, "all events after 0");
        expectEqual(reader.events(5, 3), events.slice(5, 8), "three events after 5");
        expectEqual(reader.events(19, 3), events.slice(19), "the newest event");
      },
    },
    {
      clause: "buffer.frames",
      title: "gives frames that are the SSE text of the events, without a hole, whatever the script",
      async run({ make }) {
        const { reader, events } = filled(make(roomy), 300, "naïve 🙂 ");
        for (const limitBytes of [1, 700, 1_000_000]) {
          expectEqual(readFrames(reader, 0, limitBytes), events.map(frameOf).join(""), `frames in pieces of ${limitBytes} bytes`);
        }
      },
    },
    {
      clause: "buffer.pieces",
      title: "keeps a piece of frames within its limit, but gives at least one frame",
      async run({ make }) {
        const { reader, events } = filled(make(roomy), 50);
        const one = new TextEncoder().encode(frameOf(events[0] as StreamEvent)).length;
        const few = reader.frames(0, one * 3);
        expectTrue((few?.frames.length ?? Number.POSITIVE_INFINITY) <= one * 3, "a piece stays within its limit");
        expectEqual(reader.frames(7, 1)?.toSeq, 8, "a limit below one frame still gives one");
      },
    },
    {
      clause: "buffer.absent",
      title: "answers undefined for what it does not hold: a strange stream, the end, what lies before its first event",
      async run({ make }) {
        const buffer = make(roomy);
        buffer.publish(stream, eventsFrom(41, 10));
        const reader = readerOf(buffer);
        for (const after of [0, 39, 50, 51, 1_000]) {
          expectTrue(reader.events(after, 5) === undefined, `no events after ${after}`);
          expectTrue(reader.frames(after, 5) === undefined, `no frames after ${after}`);
        }
        expectEqual(reader.events(40, 1)?.[0]?.seq, 41, "the first event held");
        const strange = readerOf(buffer, "run:R-2");
        expectTrue(strange.events(0, 5) === undefined && strange.frames(0, 5) === undefined, "nothing of another stream");
      },
    },
    {
      clause: "buffer.bounded",
      title: "is bounded by number: the oldest events go, the newest stay",
      async run({ make }) {
        const { reader } = filled(make({ ringEvents: 50, ringBytes: 4 * 1024 * 1024 }), 5_000);
        reader.frames(4_999, 1);
        expectTrue(reader.events(0, 1) === undefined && reader.frames(0, 1) === undefined, "the oldest events have gone");
        expectEqual(reader.events(4_999, 5)?.map(seqOf), [5_000], "the newest event is there");
        expectNoHole(reader, 5_000);
      },
    },
    {
      clause: "buffer.bounded",
      title: "is bounded by bytes: the oldest events go, the newest stays even when it is larger than the bound",
      async run({ make }) {
        const { buffer, reader } = filled(make({ ringEvents: 100_000, ringBytes: 64 * 1024 }), 2_000, "x".repeat(500));
        reader.frames(1_999, 1);
        expectTrue(reader.events(0, 1) === undefined, "the oldest events have gone");
        expectNoHole(reader, 2_000);
        buffer.publish(stream, [eventOf(2_001, "y".repeat(100_000))]);
        expectEqual(reader.events(2_000, 5)?.map(seqOf), [2_001], "one event over the bound is there");
      },
    },
    {
      clause: "buffer.newest",
      title: "tells the newest seq, 0 for a stream it does not hold",
      async run({ make }) {
        const buffer = make(roomy);
        const reader = readerOf(buffer);
        expectEqual(reader.lastSeq(), 0, "0 before the first event");
        buffer.publish(stream, eventsFrom(1, 3));
        buffer.publish(stream, eventsFrom(4, 2));
        expectEqual([reader.lastSeq(), readerOf(buffer).lastSeq()], [5, 5], "the newest seq, for an old reader and a new one");
        expectEqual(readerOf(buffer, "feed").lastSeq(), 0, "0 for another stream");
      },
    },
    {
      clause: "buffer.wake",
      title: "wakes every reader of the stream, and only those, when the events can be read",
      async run({ make }) {
        const buffer = make(roomy);
        const seen: number[] = [];
        const wakes = { same: 0, other: 0 };
        const count = (): void => void (wakes.same += 1);
        const reader = buffer.subscribe(stream, () => seen.push(reader.events(0, 10)?.length ?? 0));
        buffer.subscribe(stream, count);
        buffer.subscribe(stream, count);
        buffer.subscribe("feed", () => void (wakes.other += 1));
        buffer.publish(stream, eventsFrom(1, 2));
        expectEqual([seen, wakes], [[2], { same: 2, other: 0 }], "one wake-up for each reader of the stream, after the events are there");
        buffer.wake(stream);
        expectEqual(wakes, { same: 4, other: 0 }, "wake() wakes without an event");
      },
    },
    {
      clause: "buffer.leave",
      title: "wakes nobody who has left, and goes on when a reader leaves while being woken",
      async run({ make }) {
        const buffer = make(roomy);
        const woken: string[] = [];
        const first = buffer.subscribe(stream, () => {
          woken.push("first");
          first.leave();
        });
        const second = buffer.subscribe(stream, () => void woken.push("second"));
        buffer.publish(stream, eventsFrom(1, 1));
        expectEqual(woken, ["first", "second"], "both were woken");
        expectEqual(buffer.readers(stream), 1, "one reader is left");
        second.leave();
        second.leave();
        buffer.publish(stream, eventsFrom(2, 1));
        expectEqual([woken.length, buffer.readers(stream)], [2, 0], "nobody is woken, nobody is counted");
      },
    },
    {
      clause: "buffer.release",
      title: "lets go what is released once nobody reads it, and wakes its readers until then",
      async run({ make }) {
        const { buffer, reader } = filled(make(roomy), 5);
        reader.leave();
        let wakes = 0;
        const last = buffer.subscribe(stream, () => void (wakes += 1));
        buffer.release(stream);
        expectEqual(buffer.readers(stream), 1, "The readers after the release");
        buffer.wake(stream);
        expectEqual(wakes, 1, "the reader is still woken");
        expectEqual(last.events(0, 9)?.length, 5, "the reader still has the events");
        last.leave();
        expectEqual(buffer.readers(stream), 0, "no reader");
        const late = readerOf(buffer);
        expectEqual(late.lastSeq(), 0, "no events");
        expectTrue(late.events(0, 5) === undefined && late.frames(0, 5) === undefined, "nothing is held");
        buffer.publish(stream, eventsFrom(6, 1));
        expectEqual(late.events(5, 5)?.map(seqOf), [6], "a released stream can begin again");
      },
    },
    {
      clause: "buffer.independent",
      title: "serves readers independently: what one reads changes nothing for another",
      async run({ make }) {
        const { buffer, reader, events } = filled(make(roomy), 100);
        const other = readerOf(buffer);
        const slow = (): string => readFrames(reader, 0, 300);
        const before = slow();
        for (const after of [99, 0, 50, 3]) {
          other.events(after, 7);
          other.frames(after, 2_000);
        }
        expectEqual(slow(), before, "the frames are the same as before");
        for (let after = 0; after < 100; after += 9)
          expectEqual(reader.events(after, 1), events.slice(after, after + 1), "the events are the same as before");
      },
    },
    {
      clause: "buffer.shared",
      title: "never changes bytes that it has given out",
      async run({ make }) {
        const { buffer, reader } = filled(make({ ringEvents: 20, ringBytes: 4 * 1024 * 1024 }), 10);
        const chunk = reader.frames(0, 1_000_000);
        expectEqual(chunk?.fromSeq, 1, "The frames");
        const copy = text.decode(chunk?.frames);
        for (let seq = 11; seq <= 3_000; seq += 1) {
          buffer.publish(stream, [eventOf(seq, "later")]);
          if (seq % 50 === 0) reader.frames(seq - 1, 1_000);
        }
        expectEqual(text.decode(chunk?.frames), copy, "the bytes are as they were");
      },
    },
  ],
};

function eventOf(seq: number, about: string): StreamEvent {
  return {
    id: `evt_${seq}`,
    run_id: "R-1",
    seq,
    type: "note",
    status: "running",
    time: "2026-01-01T00:00:00.000Z",
    payload: { text: about + seq },
  };
}

function eventsFrom(seq: number, count: number, about = "event "): StreamEvent[] {
  return Array.from({ length: count }, (_, index) => eventOf(seq + index, about));
}

function readerOf(buffer: EventBuffer, name = stream): BufferReader {
  return buffer.subscribe(name, () => {});
}

/** Publishes events from seq 1 in batches of changing size. */
function filled(buffer: EventBuffer, count: number, about?: string): { buffer: EventBuffer; reader: BufferReader; events: StreamEvent[] } {
  const events = eventsFrom(1, count, about);
  for (let at = 0, size = 1; at < count; at += size, size = (size % 7) + 1) buffer.publish(stream, events.slice(at, at + size));
  return { buffer, reader: readerOf(buffer), events };
}

function frameOf(event: StreamEvent): string {
  return `id: ${event.seq}\ndata: ${encodeLine(event)}\n\n`;
}

function seqOf(event: StreamEvent): number {
  return event.seq;
}

/** All frames after the cursor, in pieces that must follow one another. */
function readFrames(reader: BufferReader, after: number, limitBytes: number): string {
  let read = "";
  for (let cursor = after; ; ) {
    const chunk = reader.frames(cursor, limitBytes);
    if (!chunk) return read;
    expectEqual(chunk.fromSeq, cursor + 1, "a piece begins after the cursor");
    expectTrue(chunk.toSeq > cursor, "a piece moves the cursor");
    read += text.decode(chunk.frames);
    cursor = chunk.toSeq;
  }
}

/** From the first event held to the newest there is no hole. */
function expectNoHole(reader: BufferReader, newest: number): void {
  let first = newest;
  while (first > 0 && reader.events(first - 1, 1) !== undefined) first -= 1;
  for (let cursor = first; cursor < newest; ) {
    const page = reader.events(cursor, 64) ?? [];
    expectEqual(page[0]?.seq, cursor + 1, `The event after ${cursor}`);
    cursor += page.length;
  }
}
