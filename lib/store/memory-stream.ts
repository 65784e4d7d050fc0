import { encodeLine } from "../events/encode.js";
import type { StreamEvent } from "../events/event.js";
import type { Limits } from "../limits.js";
import type { StreamPage } from "./store.js";

interface Segment {
  readonly lastSeq: number;
  readonly events: readonly StreamEvent[];
  readonly bytes: number;
}

/** What a reader of an unknown stream gets. */
export const emptyPage: StreamPage = { lines: new Uint8Array(0), fromSeq: 0, toSeq: 0, firstSeq: 0, lastSeq: 0 };

const encoder = new TextEncoder();

/** One stream in memory: the events as they came, in the batches they came in. */
export class MemoryStream {
  #segments: (Segment | undefined)[] = [];
  /** Index of the oldest segment still held; moving it is cheaper than shifting the array. Before it nothing is held. */
  #oldest = 0;
  firstSeq = 1;
  lastSeq = 0;
  bytes = 0;

  append(events: readonly StreamEvent[], limits: Pick<Limits, "streamEvents" | "streamBytes">): void {
    const bytes = events.reduce((sum, event) => sum + envelopeBytes + estimateBytes(event.payload), 0);
    this.lastSeq += events.length;
    this.bytes += bytes;
    this.#segments.push({ lastSeq: this.lastSeq, events, bytes });
    while (this.#isOver(limits)) this.#trim();
  }

  read(after: number, limitBytes: number): StreamPage {
    const lines: Uint8Array[] = [];
    const fromSeq = Math.max(after + 1, this.firstSeq);
    let size = 0;
    for (const event of this.#eventsFrom(fromSeq)) {
      if (size > 0 && size >= limitBytes) break;
      const line = encoder.encode(`${encodeLine(event)}\n`);
      lines.push(line);
      size += line.length;
    }
    const range = lines.length === 0 ? { fromSeq: 0, toSeq: 0 } : { fromSeq, toSeq: fromSeq + lines.length - 1 };
    return { lines: join(lines, size), ...range, firstSeq: this.firstSeq, lastSeq: this.lastSeq };
  }

  *#eventsFrom(seq: number): Generator<StreamEvent> {
    for (let index = this.#segmentOf(seq); index < this.#segments.length; index += 1) {
      const { events, lastSeq } = this.#segments[index] as Segment;
      const skipped = Math.max(0, seq - (lastSeq - events.length + 1));
      for (let at = skipped; at < events.length; at += 1) yield events[at] as StreamEvent;
    }
  }

  /** Binary search for the first segment that ends at or after `seq`. */
  #segmentOf(seq: number): number {
    let low = this.#oldest;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle] as Segment).lastSeq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The newest segment always stays, however large it is. */
  #isOver(limits: Pick<Limits, "streamEvents" | "streamBytes">): boolean {
    const isAlone = this.#oldest === this.#segments.length - 1;
    return !isAlone && (this.lastSeq - this.firstSeq + 1 > limits.streamEvents || this.bytes > limits.streamBytes);
  }

  #trim(): void {
    const { lastSeq, bytes } = this.#segments[this.#oldest] as Segment;
    this.firstSeq = lastSeq + 1;
    this.bytes -= bytes;
    this.#segments[this.#oldest] = undefined;
    this.#oldest += 1;
    if (this.#oldest * 2 < this.#segments.length) return;
    this.#segments = this.#segments.slice(this.#oldest);
    this.#oldest = 0;
  }
}

const envelopeBytes = 120;

/** Near enough for a bound, without encoding an event that nobody may ever read. */
function estimateBytes(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 2;
  for (const key in value) bytes += key.length + 4 + estimateBytes(value[key as keyof typeof value]);
  return bytes;
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
