import type { StreamEvent } from "./event.js";
import { encodeLine } from "./encode.js";

const encoder = new TextEncoder();
const LF = 10;
/** Bytes of `id: ` and of the end of its line with `data: `. */
const prefixBytes = 11;

/** What an event stream begins with: the wait before a reconnect. */
export const streamOpening = encoder.encode("retry: 1000\n\n");
/** What a silent SSE stream sends, so that both ends notice a dead connection. */
export const heartbeatFrame = encoder.encode(": ping\n\n");
/** The same for a reader who does not see every event: from where a reconnect goes on. */
export function cursorFrame(seq: number): Uint8Array {
  return encoder.encode(`: ping\nid: ${seq}\n\n`);
}

/** The same for NDJSON. */
export const heartbeatLine = encoder.encode("\n");

/** The SSE text of a record event: `id` and one `data` line. */
export function frameText(event: StreamEvent): string {
  return `id: ${event.seq}\ndata: ${encodeLine(event)}\n\n`;
}

/** The SSE frame of something without a seq: no `id`, so a reader's cursor stays. */
export function previewFrame(value: object): Uint8Array {
  return encoder.encode(`data: ${JSON.stringify(value)}\n\n`);
}

/** One NDJSON line. */
export function lineBytes(value: object): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

/** SSE frames of stored JSON lines, made without parsing them. `fromSeq` is the seq of the first line. */
export function framesOfLines(lines: Uint8Array, fromSeq: number): Uint8Array {
  const ends = lineEnds(lines);
  const frames = new Uint8Array(lines.length + ends.length * (prefixBytes + 1) + digitsOf(fromSeq, ends.length));
  // The lines go to the end of the frames and each moves to its place from there: a move makes no object, a view of each line would.
  const shift = frames.length - lines.length;
  frames.set(lines, shift);
  const digits = Array.from(String(fromSeq), (digit) => digit.charCodeAt(0));
  let at = 0;
  let start = shift;
  for (const lineEnd of ends) {
    const end = shift + lineEnd;
    at = writePrefix(frames, at, digits);
    frames.copyWithin(at, start, end);
    at += end - start;
    frames[at++] = LF;
    start = end;
    increment(digits);
  }
  return frames;
}

/** Where each line ends, its LF included. */
function lineEnds(lines: Uint8Array): number[] {
  const ends: number[] = [];
  for (let start = 0; start < lines.length; ) {
    start = endOfLine(lines, start) + 1;
    ends.push(start);
  }
  return ends;
}

/** How many digits so many numbers from `first` on have together. */
function digitsOf(first: number, count: number): number {
  let digits = 0;
  let from = first;
  while (from < first + count) {
    const { length } = String(from);
    const next = Math.min(first + count, 10 ** length);
    digits += (next - from) * length;
    from = next;
  }
  return digits;
}

/** Writes `id: <seq>`, LF and `data: `; answers where it ends. Byte by byte: to copy them out of two small arrays takes twice as long. */
function writePrefix(frames: Uint8Array, from: number, digits: readonly number[]): number {
  let at = from;
  frames[at++] = 105;
  frames[at++] = 100;
  frames[at++] = 58;
  frames[at++] = 32;
  for (let i = 0; i < digits.length; i++) frames[at++] = digits[i] as number;
  frames[at++] = LF;
  frames[at++] = 100;
  frames[at++] = 97;
  frames[at++] = 116;
  frames[at++] = 97;
  frames[at++] = 58;
  frames[at++] = 32;
  return at;
}

const zero = 48;

/** The next number, in digits as they are written. */
function increment(digits: number[]): void {
  let at = digits.length - 1;
  while (at >= 0 && digits[at] === zero + 9) digits[at--] = zero;
  if (at < 0) digits.unshift(zero + 1);
  else digits[at] = (digits[at] as number) + 1;
}

/** JSON lines of SSE frames of record events, the first of which is `fromSeq`. */
export function linesOfFrames(frames: Uint8Array, fromSeq: number): Uint8Array {
  const lines = new Uint8Array(frames.length);
  let seq = fromSeq;
  let to = 0;
  for (let start = 0; start < frames.length; ) {
    const dataAt = start + prefixBytes + String(seq++).length;
    const end = endOfLine(frames, dataAt);
    lines.set(frames.subarray(dataAt, end + 1), to);
    to += end + 1 - dataAt;
    start = end + 2;
  }
  return lines.subarray(0, to);
}

/** The events of JSON lines. */
export function eventsOfLines(lines: Uint8Array): StreamEvent[] {
  const text = new TextDecoder().decode(lines);
  const events: StreamEvent[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    events.push(JSON.parse(text.slice(start, end)));
    start = end + 1;
  }
  return events;
}

function endOfLine(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(LF, start);
  return end < 0 ? bytes.length : end;
}
