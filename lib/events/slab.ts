import type { StreamEvent } from "./event.js";
import { encodeLine } from "./encode.js";
import { eventsOfLines, frameText, linesOfFrames } from "./frame.js";

/** A run of frames, all from one piece of memory: a view, not a copy. */
export interface FrameChunk {
  readonly frames: Uint8Array;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Events of one stream in a row, in whatever form they are held. */
export interface Segment {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Bytes it occupies. */
  readonly bytes: number;
  /** Frames from this seq on: at least one, up to about `limitBytes`. */
  frames(fromSeq: number, limitBytes: number): FrameChunk;
  /** Events from this seq on. */
  events(fromSeq: number): readonly StreamEvent[];
}

const encoder = new TextEncoder();

/** Frames one after the other in one piece of memory; grows until it is full, and never changes what it has given out. */
export class Slab implements Segment {
  readonly firstSeq: number;
  readonly #memory: Uint8Array;
  /** End offset of each frame. */
  readonly #ends: number[] = [];
  #used = 0;

  constructor(firstSeq: number, bytes: number) {
    this.firstSeq = firstSeq;
    this.#memory = new Uint8Array(bytes);
  }

  get lastSeq(): number {
    return this.firstSeq + this.#ends.length - 1;
  }

  get bytes(): number {
    return this.#memory.length;
  }

  /** Writes the events' frames and answers how many fitted. */
  write(events: readonly StreamEvent[]): number {
    const held = this.#ends.length;
    const room = this.#memory.length - this.#used;
    let joined = "";
    for (const event of events) {
      const frame = frameText(event);
      // No unit takes less than a byte.
      if (joined.length + frame.length > room) break;
      joined += frame;
      this.#ends.push(this.#used + joined.length);
    }
    // One call for the whole batch is far cheaper; it is right only when every unit is one byte.
    const { read, written } = encoder.encodeInto(joined, this.#memory.subarray(this.#used));
    if (read === joined.length && written === joined.length) {
      this.#used += written;
      return this.#ends.length - held;
    }
    this.#ends.length = held;
    return this.#writeEach(events);
  }

  #writeEach(events: readonly StreamEvent[]): number {
    let count = 0;
    for (const event of events) {
      const frame = encoder.encode(frameText(event));
      if (frame.length > this.#memory.length - this.#used) break;
      this.#memory.set(frame, this.#used);
      this.#ends.push((this.#used += frame.length));
      count += 1;
    }
    return count;
  }

  frames(fromSeq: number, limitBytes: number): FrameChunk {
    const index = fromSeq - this.firstSeq;
    const start = index === 0 ? 0 : (this.#ends[index - 1] as number);
    const last = this.#used - start <= limitBytes ? this.#ends.length - 1 : lastWithin(this.#ends, index, start + limitBytes);
    return { frames: this.#memory.subarray(start, this.#ends[last]), fromSeq, toSeq: this.firstSeq + last };
  }

  events(fromSeq: number): readonly StreamEvent[] {
    const { frames } = this.frames(fromSeq, this.#used);
    return eventsOfLines(linesOfFrames(frames, fromSeq));
  }
}

/** Bytes of the event's frame, for a slab that must hold it. */
export function frameBytes(event: StreamEvent): number {
  return encoder.encode(encodeLine(event)).length + 32;
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
