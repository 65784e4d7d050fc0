import { encodeLine, roughBytes } from "./encode.js";
import type { StreamEvent } from "./event.js";
import { joinBytes, PackedEvents } from "./packed-events.js";
import { frameBytes, type FrameChunk, type Segment, Slab } from "./slab.js";

/** How much one stream may hold; the oldest segments go. */
export interface LogBounds {
  readonly events: number;
  readonly bytes: number;
}

/** Lines of JSON out of a log, each ended by LF. */
export interface LinePage {
  readonly lines: Uint8Array;
  readonly fromSeq: number;
  readonly toSeq: number;
}

const encoder = new TextEncoder();
/** The list of whoever has nothing in it. */
const none: never[] = [];
const smallestSlab = 2 * 1024;
const largestSlab = 64 * 1024;
/** Events as objects are five times their packed text; beyond this many they are packed without a reader. */
const longestTail = 128;
/** They are packed by sixteen, that no event waits until hundreds of others are packed, but into pieces of this many: each costs a reader a look and a write. */
const longestPiece = 256;
/** A reader of frames that has so many events before it will soon have them all. */
const justBehind = 16 * longestPiece;
/** A few objects are no larger than their text with its envelope lines. */
const notWorthPacking = 8;

/**
 * The events of one stream in memory: a tail as they came, frames where a reader wanted them, packed text elsewhere.
 * An event is held in one of the forms, never in two.
 */
export class StreamLog {
  readonly #bounds: LogBounds;
  readonly #tailEvents: number;
  readonly #pieceEvents: number;
  readonly #segmentBytes: number;
  #segments: Segment[] = none;
  #tail: StreamEvent[] = none;
  #tailBytes = 0;
  #segmentsBytes = 0;
  #firstSeq = 0;
  #lastSeq = 0;
  #sealed = false;
  /** The newest cursor that asked for frames. */
  #readTo = 0;
  /** What was read last, until there is more or less: readers that keep up ask for the same piece, one after the other, and share one view. */
  #shared: FrameChunk | undefined;
  #sharedLimit = 0;

  /** @param lastSeq - seq of the newest of the events that are gone already */
  constructor(bounds: LogBounds, lastSeq = 0) {
    this.#bounds = bounds;
    this.#lastSeq = lastSeq;
    // A quarter at most, so that what goes is small beside what stays.
    this.#pieceEvents = Math.max(1, Math.min(longestPiece, bounds.events >> 2));
    this.#tailEvents = Math.min(longestTail, this.#pieceEvents);
    this.#segmentBytes = Math.max(1, Math.min(largestSlab, bounds.bytes >> 2));
  }

  /** The log that was sealed to this segment. */
  static of(segment: Segment, bounds: LogBounds): StreamLog {
    const log = new StreamLog(bounds, segment.lastSeq);
    log.#firstSeq = segment.firstSeq;
    log.#add(segment);
    log.#sealed = true;
    return log;
  }

  /** Seq of the first event held; 0 = none was ever there. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** Seq of the newest event; 0 = none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Bytes held, near enough for a bound. */
  get bytes(): number {
    return this.#segmentsBytes + this.#tailBytes;
  }

  /** True when the stream has ended: no reader follows it any more. */
  get sealed(): boolean {
    return this.#sealed;
  }

  append(events: readonly StreamEvent[]): void {
    const first = events[0];
    if (!first) return;
    this.#sealed = false;
    this.#shared = undefined;
    if (this.#firstSeq === 0) this.#firstSeq = first.seq;
    for (const event of events) {
      // A list that begins with its event reserves no room for sixteen more, and one without events is nobody's.
      if (this.#tail.length === 0) this.#tail = [event];
      else this.#tail.push(event);
      this.#tailBytes += roughBytes(event);
      this.#lastSeq = event.seq;
      while (this.#tail.length > this.#tailEvents || this.#tailBytes > this.#segmentBytes) this.#putAway();
    }
    this.#trim();
  }

  /** Frames after the cursor out of one segment, or `undefined` when the event after it is no longer (or not yet) here. */
  frames(after: number, limitBytes: number): FrameChunk | undefined {
    if (after >= this.#lastSeq) return undefined;
    const shared = this.#shared;
    if (shared?.fromSeq === after + 1 && limitBytes === this.#sharedLimit) return shared;
    if (!this.#holds(after)) return undefined;
    if (after > this.#readTo) this.#readTo = after;
    if (after + 1 > this.#lastSeq - this.#tail.length) this.#encodeTail();
    this.#sharedLimit = limitBytes;
    return (this.#shared = this.#segmentOf(after + 1)?.frames(after + 1, limitBytes));
  }

  /** At most `limit` events after the cursor, or `undefined` as for {@link StreamLog.frames}. */
  events(after: number, limit: number): readonly StreamEvent[] | undefined {
    if (!this.#holds(after)) return undefined;
    const inTail = after - (this.#lastSeq - this.#tail.length);
    if (inTail >= 0) return this.#tail.slice(inTail, inTail + limit);
    return this.#segmentOf(after + 1)
      ?.events(after + 1)
      .slice(0, limit);
  }

  /** Lines after the cursor, or after what is gone: at least one when there is any, and no more once `limitBytes` is reached. */
  lines(after: number, limitBytes: number): LinePage {
    const lines: Uint8Array[] = [];
    const from = Math.max(after, this.#firstSeq - 1);
    let size = 0;
    let cursor = from;
    while (size < limitBytes || lines.length === 0) {
      const events = this.events(cursor, longestPiece);
      if (!events) break;
      for (const event of events) {
        const line = encoder.encode(`${encodeLine(event)}\n`);
        lines.push(line);
        size += line.length;
        cursor = event.seq;
        if (size >= limitBytes) break;
      }
    }
    return { lines: joinBytes(lines, size), ...(cursor > from ? { fromSeq: from + 1, toSeq: cursor } : { fromSeq: 0, toSeq: 0 }) };
  }

  /** Lets go of what ends at or before `seq`, in whole segments; the newest one stays. */
  cut(seq: number): void {
    while (this.#hasMore && (this.#segments[0] as Segment).lastSeq <= seq) this.#dropOldest();
  }

  /** Nothing more is written and nobody follows: takes the smallest form. Gives all there is, if that is one segment. */
  seal(): Segment | undefined {
    this.#sealed = true;
    this.#shared = undefined;
    if (this.#tail.length > notWorthPacking) this.#pack(this.#tail.length);
    // Without the room that a growing list reserves.
    else this.#tail = this.#tail.slice();
    this.#closeNewest();
    return this.#tail.length === 0 && this.#segments.length === 1 ? this.#segments[0] : undefined;
  }

  #holds(after: number): boolean {
    return this.#firstSeq > 0 && after + 1 >= this.#firstSeq && after < this.#lastSeq;
  }

  #segmentOf(seq: number): Segment | undefined {
    const newest = this.#segments.at(-1);
    // Readers are nearly always there.
    if (!newest || newest.firstSeq <= seq) return newest;
    let low = 0;
    let high = this.#segments.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#segments[middle] as Segment).firstSeq <= seq) low = middle;
      else high = middle;
    }
    return this.#segments[low];
  }

  /** In the form in which it will be wanted: for a reader that is just behind, each event would be unpacked and encoded anew. */
  #putAway(): void {
    if (this.#readTo > 0 && this.#lastSeq - this.#readTo < justBehind) this.#encodeTail();
    else this.#pack(Math.ceil(this.#pieceEvents / 16));
  }

  /** The oldest of the tail, into the newest piece while that has room. */
  #pack(count: number): void {
    const events = count < this.#tail.length ? this.#tail.splice(0, count) : this.#tail;
    if (events === this.#tail) this.#emptyTail();
    else for (const event of events) this.#tailBytes -= roughBytes(event);
    let piece = this.#openPiece();
    if (!piece) this.#add((piece = new PackedEvents(events[0]?.seq ?? 1)));
    this.#segmentsBytes += piece.write(events);
  }

  #openPiece(): PackedEvents | undefined {
    const newest = this.#segments.at(-1);
    if (!(newest instanceof PackedEvents) || !newest.isOpen) return undefined;
    return newest.bytes < this.#segmentBytes && newest.lastSeq - newest.firstSeq + 1 < this.#pieceEvents ? newest : undefined;
  }

  /** Nothing more comes into the newest piece. */
  #closeNewest(): void {
    const newest = this.#segments.at(-1);
    if (newest instanceof PackedEvents) newest.close();
  }

  #add(segment: Segment): void {
    this.#closeNewest();
    // Most streams have one: a list that begins with it reserves no room for sixteen more.
    if (this.#segments.length === 0) this.#segments = [segment];
    else this.#segments.push(segment);
    this.#segmentsBytes += segment.bytes;
  }

  #emptyTail(): void {
    this.#tail = none;
    this.#tailBytes = 0;
  }

  #encodeTail(): void {
    let left: readonly StreamEvent[] = this.#tail;
    this.#emptyTail();
    let slab = this.#segments.at(-1);
    while (left.length > 0) {
      const written = slab instanceof Slab ? slab.write(left) : 0;
      left = written === 0 ? left : left.slice(written);
      const next = left[0];
      if (next) this.#add((slab = new Slab(next.seq, Math.max(frameBytes(next), this.#nextSlabBytes(slab)))));
    }
    this.#trim();
  }

  /** Twice the last one, so that short streams stay small. */
  #nextSlabBytes(newest: Segment | undefined): number {
    return Math.min(this.#segmentBytes, newest instanceof Slab ? newest.bytes * 2 : smallestSlab);
  }

  #trim(): void {
    const { events, bytes } = this.#bounds;
    while (this.#hasMore && (this.#lastSeq - this.#firstSeq + 1 > events || this.bytes > bytes)) this.#dropOldest();
  }

  /** True when something is left without the oldest segment. */
  get #hasMore(): boolean {
    return this.#segments.length > 1 || (this.#segments.length === 1 && this.#tail.length > 0);
  }

  #dropOldest(): void {
    this.#shared = undefined;
    const oldest = this.#segments.shift() as Segment;
    this.#segmentsBytes -= oldest.bytes;
    this.#firstSeq = oldest.lastSeq + 1;
  }
}
