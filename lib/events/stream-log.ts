import type { StreamEvent } from "./event.js";
import { eventsOfLines, frameText, linesOfFrames } from "./frame.js";

interface Slab {
  readonly bytes: Uint8Array;
  used: number;
  readonly firstSeq: number;
  /** End offset of each frame. */
  readonly ends: number[];
}

/** A run of frames, all from one slab: a view, not a copy. */
export interface FrameChunk {
  readonly frames: Uint8Array;
  readonly fromSeq: number;
  readonly toSeq: number;
}

const encoder = new TextEncoder();
const smallestSlab = 2 * 1024;
const largestSlab = 64 * 1024;
/** Unencoded events are objects, four times their frame; beyond this many they are encoded without a reader. */
const longestTail = 256;

/**
 * The recent events of one stream: frames in slabs, encoded when the first reader comes, and a tail of events nobody
 * has read yet. An event is held in one of the two forms, never in both.
 */
export class StreamLog {
  readonly #limitEvents: number;
  readonly #limitBytes: number;
  #slabs: Slab[] = [];
  #tail: StreamEvent[] = [];
  #firstSeq = 0;
  #lastSeq = 0;
  #slabBytes = 0;

  constructor(limits: { readonly ringEvents: number; readonly ringBytes: number }) {
    this.#limitEvents = limits.ringEvents;
    this.#limitBytes = limits.ringBytes;
  }

  /** Seq of the first event held; 0 = none. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** Seq of the newest event; 0 = none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  append(events: readonly StreamEvent[]): void {
    const first = events[0];
    if (!first) return;
    if (this.#firstSeq === 0) this.#firstSeq = first.seq;
    for (const event of events) this.#tail.push(event);
    this.#lastSeq = first.seq + events.length - 1;
    if (this.#tail.length > longestTail) this.#encodeTail();
  }

  /** Frames after the cursor out of one slab, or `undefined` when the event after it is no longer (or not yet) here. */
  frames(after: number, limitBytes: number): FrameChunk | undefined {
    if (!this.#holds(after)) return undefined;
    this.#encodeTail();
    const slab = this.#slabOf(after + 1);
    if (!slab) return undefined;
    const index = after + 1 - slab.firstSeq;
    const start = index === 0 ? 0 : (slab.ends[index - 1] as number);
    let last = slab.ends.length - 1;
    if (slab.used - start > limitBytes) last = lastWithin(slab.ends, index, start + limitBytes);
    return { frames: slab.bytes.subarray(start, slab.ends[last]), fromSeq: after + 1, toSeq: slab.firstSeq + last };
  }

  /** At most `limit` events after the cursor, or `undefined` as for {@link StreamLog.frames}. */
  events(after: number, limit: number): readonly StreamEvent[] | undefined {
    if (!this.#holds(after)) return undefined;
    const tailFirst = this.#lastSeq - this.#tail.length + 1;
    if (after + 1 >= tailFirst) return this.#tail.slice(after + 1 - tailFirst, after + 1 - tailFirst + limit);
    const chunk = this.frames(after, largestSlab);
    return chunk && eventsOfLines(linesOfFrames(chunk.frames, chunk.fromSeq)).slice(0, limit);
  }

  #holds(after: number): boolean {
    return this.#firstSeq > 0 && after + 1 >= this.#firstSeq && after < this.#lastSeq;
  }

  #slabOf(seq: number): Slab | undefined {
    // Readers are nearly always at the newest slab.
    for (let i = this.#slabs.length - 1; i >= 0; i--) {
      const slab = this.#slabs[i] as Slab;
      if (slab.firstSeq <= seq) return slab;
    }
    return undefined;
  }

  #encodeTail(): void {
    if (this.#tail.length === 0) return;
    const frames = this.#tail.map(frameText);
    const seq = this.#lastSeq - frames.length + 1;
    this.#tail = [];
    const joined = frames.join("");
    const slab = this.#slabFor(joined.length, seq);
    // One call for the whole batch is far cheaper; it is right only when every unit is one byte.
    const { read, written } = encoder.encodeInto(joined, slab.bytes.subarray(slab.used));
    if (read === joined.length && written === joined.length) for (const frame of frames) this.#extend(slab, frame.length);
    else frames.forEach((frame, i) => this.#write(encoder.encode(frame), seq + i));
    this.#trim();
  }

  #write(frame: Uint8Array, seq: number): void {
    const slab = this.#slabFor(frame.length, seq);
    slab.bytes.set(frame, slab.used);
    this.#extend(slab, frame.length);
  }

  #extend(slab: Slab, bytes: number): void {
    slab.used += bytes;
    slab.ends.push(slab.used);
  }

  /** The newest slab if `bytes` fit, else a new one: twice the last, so that short streams stay small. */
  #slabFor(bytes: number, seq: number): Slab {
    const newest = this.#slabs.at(-1);
    if (newest && newest.bytes.length - newest.used >= bytes) return newest;
    const size = Math.max(bytes, Math.min(largestSlab, newest ? newest.bytes.length * 2 : smallestSlab));
    if (newest?.used === 0) this.#slabBytes -= (this.#slabs.pop() as Slab).bytes.length;
    const slab = { bytes: new Uint8Array(size), used: 0, firstSeq: seq, ends: [] };
    this.#slabs.push(slab);
    this.#slabBytes += size;
    return slab;
  }

  #trim(): void {
    while (this.#slabs.length > 1) {
      const over = this.#lastSeq - this.#firstSeq + 1 > this.#limitEvents || this.#slabBytes > this.#limitBytes;
      if (!over) return;
      this.#slabBytes -= (this.#slabs.shift() as Slab).bytes.length;
      this.#firstSeq = (this.#slabs[0] as Slab).firstSeq;
    }
  }
}

/** Index of the last frame that ends within `limit`, at least `from`. */
function lastWithin(ends: readonly number[], from: number, limit: number): number {
  let low = from;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ends[middle] as number) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
