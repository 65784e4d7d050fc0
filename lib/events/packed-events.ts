import { createEvent, encodePayload } from "./encode.js";
import type { StreamEvent } from "./event.js";
import { frameText } from "./frame.js";
import type { FrameChunk, Segment } from "./slab.js";

/** What of an envelope a text line says anew; `null` = absent from here on. */
interface Change {
  type?: string;
  status?: string | null;
  time?: string;
  run_id?: string | null;
  peer_id?: string | null;
}

/** A `run_id` that the payload has too is not written twice. */
const asInPayload = "=";
const encoder = new TextEncoder();

/**
 * Events as one text: the payload of each as a line of JSON, before it a line `+{…}` where its envelope differs from
 * the one before. About a fifth of the objects' size, a third of the frames', and made without envelopes being encoded.
 */
export class PackedEvents implements Segment {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly #text: string;

  constructor(events: readonly StreamEvent[]) {
    this.firstSeq = events[0]?.seq ?? 1;
    this.lastSeq = this.firstSeq + events.length - 1;
    this.#text = pack(events);
  }

  get bytes(): number {
    return this.#text.length;
  }

  frames(fromSeq: number, limitBytes: number): FrameChunk {
    const frames: Uint8Array[] = [];
    let size = 0;
    for (const event of this.events(fromSeq)) {
      const frame = encoder.encode(frameText(event));
      if (frames.length > 0 && size + frame.length > limitBytes) break;
      frames.push(frame);
      size += frame.length;
    }
    return { frames: joinBytes(frames, size), fromSeq, toSeq: fromSeq + frames.length - 1 };
  }

  events(fromSeq: number): readonly StreamEvent[] {
    return unpack(this.#text, this.firstSeq, fromSeq);
  }
}

/** The parts as one piece of memory. */
export function joinBytes(parts: readonly Uint8Array[], size = parts.reduce((sum, part) => sum + part.length, 0)): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function pack(events: readonly StreamEvent[]): string {
  const lines: string[] = [];
  let type: string | undefined;
  let status: string | undefined;
  let time: string | undefined;
  let run: string | undefined;
  let peer: string | undefined;
  for (const event of events) {
    const run_id = event.run_id !== undefined && event.run_id === event.payload["run_id"] ? asInPayload : event.run_id;
    if (event.type !== type || event.status !== status || event.time !== time || run_id !== run || event.peer_id !== peer) {
      const change: Change = {};
      if (event.type !== type) change.type = event.type;
      if (event.status !== status) change.status = event.status ?? null;
      if (event.time !== time) change.time = event.time;
      if (run_id !== run) change.run_id = run_id ?? null;
      if (event.peer_id !== peer) change.peer_id = event.peer_id ?? null;
      lines.push(`+${JSON.stringify(change)}`);
      type = event.type;
      status = event.status;
      time = event.time;
      run = run_id;
      peer = event.peer_id;
    }
    lines.push(encodePayload(event.payload));
  }
  return lines.join("\n");
}

function unpack(text: string, firstSeq: number, fromSeq: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  let envelope: Change = {};
  let seq = firstSeq;
  for (const line of text.split("\n")) {
    if (line.startsWith("+")) envelope = { ...envelope, ...(JSON.parse(line.slice(1)) as Change) };
    else if (seq++ >= fromSeq) events.push(toEvent(envelope, seq - 1, JSON.parse(line) as StreamEvent["payload"]));
  }
  return events;
}

function toEvent({ type = "", status, time = "", run_id, peer_id }: Change, seq: number, payload: StreamEvent["payload"]): StreamEvent {
  return createEvent({
    ...(run_id != null && { run_id: run_id === asInPayload ? String(payload["run_id"]) : run_id }),
    ...(peer_id != null && { peer_id }),
    seq,
    type,
    ...(status != null && { status }),
    time,
    payload,
  });
}
