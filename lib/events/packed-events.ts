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

/** What the first event of a text is held against, in the two forms in which it stands there. */
interface Beginning {
  readonly change: string;
  readonly payload: string;
}

const blank: Beginning = { change: "", payload: "" };
/** How streams begin: a run's first event has the whole request and what its executor can do, and most are alike. */
let usual: Beginning = { ...blank };

/** A `run_id` that the payload has too is not written twice. */
const asInPayload = "=";
const encoder = new TextEncoder();

/** A text that goes on. */
interface Open extends Beginning {
  readonly lines: string[];
  /** The newest event, and above it what its lines are made of: the next one is held against them. */
  readonly event: StreamEvent | undefined;
}

/**
 * Events as one text: of the payload of each, as JSON, a line with what it does not share with the one before, and before it a
 * line `+…` where its envelope differs. A fifth of the objects' size or less, and made without envelopes being encoded.
 */
export class PackedEvents implements Segment {
  readonly firstSeq: number;
  readonly #beginning: Beginning;
  #lastSeq: number;
  #bytes = 0;
  #text: Open | string;

  constructor(firstSeq: number) {
    this.firstSeq = firstSeq;
    this.#lastSeq = firstSeq - 1;
    this.#beginning = firstSeq === 1 ? usual : blank;
    this.#text = { ...this.#beginning, lines: [], event: undefined };
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** As if each payload stood there in full: how much is kept must not depend on how alike the events are. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more can be written. */
  get isOpen(): boolean {
    return typeof this.#text !== "string";
  }

  /** Takes the events that come next, while it is open; answers how many bytes they take. */
  write(events: readonly StreamEvent[]): number {
    const { open, bytes } = pack(events, this.#text as Open, this.#beginning);
    this.#text = open;
    this.#lastSeq += events.length;
    this.#bytes += bytes;
    return bytes;
  }

  /** Nothing more is written: takes its smallest form. */
  close(): void {
    if (typeof this.#text !== "string") this.#text = this.#text.lines.join("\n");
  }

  frames(fromSeq: number, limitBytes: number): FrameChunk {
    let text = "";
    let toSeq = fromSeq - 1;
    for (const event of this.events(fromSeq)) {
      const frame = frameText(event);
      // In units, not bytes: one call that encodes them all is far cheaper than one for each.
      if (toSeq >= fromSeq && text.length + frame.length > limitBytes) break;
      text += frame;
      toSeq = event.seq;
    }
    return { frames: encoder.encode(text), fromSeq, toSeq };
  }

  events(fromSeq: number): readonly StreamEvent[] {
    const lines = typeof this.#text === "string" ? this.#text.split("\n") : this.#text.lines;
    return unpack(lines, this.#beginning, this.firstSeq, fromSeq);
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

function pack(events: readonly StreamEvent[], { lines, event, ...last }: Open, beginning: Beginning): { open: Open; bytes: number } {
  let bytes = 0;
  let before = event;
  let { change, payload } = last;
  for (const event of events) {
    if (!before || !isAlike(event, before)) {
      const next = JSON.stringify(changeAt(event, before));
      const short = `+${shortened(next, change)}`;
      lines.push(short);
      bytes += short.length + 1;
      change = next;
    }
    const next = encodePayload(event.payload);
    const short = shortened(next, payload);
    lines.push(short);
    bytes += next.length + 1;
    // A stream that began like few others is what the next ones are held against.
    if (!before && beginning === usual && (next.length - short.length) * 2 < Math.min(next.length, payload.length))
      usual = { change, payload: next };
    payload = next;
    before = event;
  }
  return { open: { lines, event: before, change, payload }, bytes };
}

function isAlike(event: StreamEvent, before: StreamEvent): boolean {
  return (
    event.type === before.type &&
    event.status === before.status &&
    event.time === before.time &&
    event.peer_id === before.peer_id &&
    runOf(event) === runOf(before)
  );
}

function changeAt(event: StreamEvent, before: StreamEvent | undefined): Change {
  const change: Change = {};
  if (event.type !== before?.type) change.type = event.type;
  if (event.status !== before?.status) change.status = event.status ?? null;
  if (event.time !== before?.time) change.time = event.time;
  const run = runOf(event);
  if (run !== (before && runOf(before))) change.run_id = run ?? null;
  if (event.peer_id !== before?.peer_id) change.peer_id = event.peer_id ?? null;
  return change;
}

function runOf({ run_id, payload }: StreamEvent): string | undefined {
  return run_id !== undefined && run_id === payload["run_id"] ? asInPayload : run_id;
}

/** `<units of the beginning>,<units of the end>,<what lies between>`: those two are as in the line before. */
function shortened(line: string, before: string): string {
  const most = Math.min(line.length, before.length);
  let head = 0;
  while (head < most && line.charCodeAt(head) === before.charCodeAt(head)) head += 1;
  let tail = 0;
  while (head + tail < most && line.charCodeAt(line.length - 1 - tail) === before.charCodeAt(before.length - 1 - tail)) tail += 1;
  return `${head},${tail},${line.slice(head, line.length - tail)}`;
}

function restored(line: string, before: string): string {
  const first = line.indexOf(",");
  const second = line.indexOf(",", first + 1);
  const head = Number(line.slice(0, first));
  const tail = Number(line.slice(first + 1, second));
  return before.slice(0, head) + line.slice(second + 1) + before.slice(before.length - tail);
}

function unpack(lines: readonly string[], beginning: Beginning, firstSeq: number, fromSeq: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  let envelope: Change = {};
  let seq = firstSeq;
  let { change, payload } = beginning;
  for (const line of lines) {
    if (line.startsWith("+")) {
      change = restored(line.slice(1), change);
      envelope = { ...envelope, ...(JSON.parse(change) as Change) };
      continue;
    }
    payload = restored(line, payload);
    if (seq >= fromSeq) events.push(toEvent(envelope, seq, JSON.parse(payload) as StreamEvent["payload"]));
    seq += 1;
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
