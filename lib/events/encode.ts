import type { StreamEvent } from "./event.js";
import { roughUnits } from "./rough-units.js";

/** What an event is made of; `id` follows from `seq`. */
export type EventParts = Omit<StreamEvent, "id">;

/** An event that keeps its JSON line once somebody needed it. */
class RecordEvent implements StreamEvent {
  // Declared, not defined: so the members stand in the order of the wire, and absent ones are absent.
  declare readonly id: string;
  declare readonly run_id?: string;
  declare readonly peer_id?: string;
  declare readonly seq: number;
  declare readonly type: string;
  declare readonly status?: string;
  declare readonly time: string;
  declare readonly payload: Readonly<Record<string, unknown>>;
  #units: number;
  #line: string | undefined;

  constructor(parts: EventParts, units: number) {
    this.id = `evt_${parts.seq}`;
    if (parts.run_id !== undefined) this.run_id = parts.run_id;
    if (parts.peer_id !== undefined) this.peer_id = parts.peer_id;
    this.seq = parts.seq;
    this.type = parts.type;
    if (parts.status !== undefined) this.status = parts.status;
    this.time = parts.time;
    this.payload = parts.payload;
    this.#units = units;
  }

  static lineOf(event: StreamEvent): string {
    if (!(#line in event)) return encode(event);
    event.#line ??= encode(event);
    return event.#line;
  }

  static unitsOf(event: StreamEvent): number {
    return #units in event ? event.#units : roughUnits(event.payload);
  }
}

/** Makes an event of its parts; its line is encoded at most once, when it is first needed. `units`: size of the payload, if known. */
export function createEvent(parts: EventParts, units = roughUnits(parts.payload)): StreamEvent {
  return new RecordEvent(parts, units);
}

/** The event as one line of JSON, without the line end. */
export function encodeLine(event: StreamEvent): string {
  return RecordEvent.lineOf(event);
}

/** About how many bytes the event takes as a line, without encoding what nobody may ever read. */
export function roughBytes(event: StreamEvent): number {
  return envelopeBytes + RecordEvent.unitsOf(event);
}

const envelopeBytes = 120;

/** What lines of events that differ in seq, time and payload alone have in common. */
interface Envelope extends Pick<StreamEvent, "run_id" | "peer_id" | "type" | "status"> {
  readonly beforeSeq: string;
  readonly afterSeq: string;
}

// Most events have that of the one before.
let last: Envelope = { type: "", beforeSeq: "", afterSeq: "" };

function envelopeOf({ run_id, peer_id, type, status }: StreamEvent): Envelope {
  if (type === last.type && status === last.status && run_id === last.run_id && peer_id === last.peer_id) return last;
  // Up to where the value stands; a member that is absent is left out.
  const beforeSeq = JSON.stringify({ run_id, peer_id, seq: 0 }).slice(1, -"0}".length);
  const afterSeq = JSON.stringify({ type, status, time: "" }).slice(1, -'"}'.length);
  return (last = { run_id, peer_id, type, status, beforeSeq, afterSeq } as Envelope);
}

function encode(event: StreamEvent): string {
  const { beforeSeq, afterSeq } = envelopeOf(event);
  return `{"id":"${event.id}",${beforeSeq}${event.seq},${afterSeq}${event.time}","payload":${encodePayload(event.payload)}}`;
}

/** JSON of any value with lone surrogates replaced: what is not Unicode text cannot be written as UTF-8. */
export function encodePayload(payload: object): string {
  const text = JSON.stringify(payload);
  // JSON.stringify escapes exactly the lone surrogates, so their escape is the sign that some may be there.
  return text.includes("\\ud") ? JSON.stringify(asUnicode(payload)) : text;
}

function asUnicode(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(asUnicode);
  if (typeof value !== "object" || value === null) return value;
  if ("toJSON" in value && typeof value.toJSON === "function") return asUnicode(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), asUnicode(item)]));
}
