import type { StreamEvent } from "./event.js";
import { encodeLine } from "./encode.js";

const encoder = new TextEncoder();
const LF = 10;
const prefixBytes = "id: \ndata: ".length;

/** What an event stream begins with: the wait before a reconnect. */
export const streamOpening = encoder.encode("retry: 1000\n\n");
/** What a silent SSE stream sends, so that both ends notice a dead connection. */
export const heartbeatFrame = encoder.encode(": ping\n\n");
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
  const parts: Uint8Array[] = [];
  let seq = fromSeq;
  let size = 0;
  for (let start = 0; start < lines.length; ) {
    const end = endOfLine(lines, start);
    const prefix = encoder.encode(`id: ${seq++}\ndata: `);
    parts.push(prefix, lines.subarray(start, end));
    size += prefix.length + end - start + 2;
    start = end + 1;
  }
  const frames = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const [prefix, line] = [parts[i] as Uint8Array, parts[i + 1] as Uint8Array];
    frames.set(prefix, at);
    frames.set(line, at + prefix.length);
    at += prefix.length + line.length;
    frames[at++] = LF;
    frames[at++] = LF;
  }
  return frames;
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
