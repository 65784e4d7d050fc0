import { isReservedType } from "../../runs/executor.js";
import { createOutputDecoder } from "./output-decoder.js";
import { createOutputGatherer } from "./output.js";
import type { Tail } from "./tail.js";

/** An event that is ready to go out. */
export interface Emission {
  readonly type: string;
  readonly payload: object;
}

/** Turns the bytes of one stream into events. */
export interface OutputSink {
  push(chunk: Buffer): Emission[];
  /** What is due when the gathering time is over. */
  flush(): Emission[];
  /** What is left at the end of the stream. */
  end(): Emission[];
  /** True while something waits for its time. */
  readonly waiting: boolean;
  /** How often invalid bytes were replaced. */
  readonly replaced: number;
}

/** Bounds of a sink. */
export interface SinkOptions {
  readonly stream: "stdout" | "stderr" | "tty";
  /** Hears all text of the stream. */
  readonly tail: Tail;
  readonly flushBytes: number;
  readonly eventBytes: number;
  /** Where in a text something begins that may turn out to be secret in the next one. */
  readonly heldFrom?: ((text: string) => number) | undefined;
}

// The envelope around a text: type, ids, time.
const envelopeBytes = 1024;

/** The stream as `process.output`. */
export function createTextSink(options: SinkOptions): OutputSink {
  const { stream, tail, flushBytes, eventBytes, heldFrom } = options;
  const textBytes = Math.max(eventBytes - envelopeBytes, 256);
  const gatherer = createOutputGatherer({ tty: stream === "tty", flushBytes, textBytes, ...(heldFrom && { heldFrom }) });
  const toEvents = (texts: readonly string[]): Emission[] =>
    texts.map((text) => {
      tail.push(text);
      return { type: "process.output", payload: { stream, text, ...(!text.endsWith("\n") && { partial: true }) } };
    });
  return {
    push: (chunk) => toEvents(gatherer.push(chunk)),
    flush: () => toEvents(gatherer.flush()),
    end: () => toEvents(gatherer.end()),
    get waiting() {
      return gatherer.waiting;
    },
    get replaced() {
      return gatherer.decoder.replaced;
    },
  };
}

/** The stream as the events its lines describe; a line is an event at once, nothing waits for a flush. */
export function createEventSink(options: SinkOptions): OutputSink {
  const { stream, tail, eventBytes } = options;
  const decoder = createOutputDecoder({ tty: false });
  let open = "";
  const take = (text: string, last: boolean): Emission[] => {
    tail.push(text);
    const lines = (open + text).split("\n");
    open = lines.pop() ?? "";
    if (last && open !== "") lines.push(open);
    // A line that never ends is no event.
    if (open.length > eventBytes) {
      lines.push(open);
      open = "";
    }
    return lines.flatMap((line) => toEvents(line, stream, eventBytes));
  };
  return {
    push: (chunk) => take(decoder.write(chunk), false),
    flush: () => [],
    end: () => take(decoder.end(), true),
    waiting: false,
    get replaced() {
      return decoder.replaced;
    },
  };
}

function toEvents(line: string, source: string, eventBytes: number): Emission[] {
  const event = line.length <= eventBytes ? parseEvent(line) : undefined;
  if (event) return [event];
  if (line === "") return [{ type: "agent.raw", payload: { source, data: "" } }];
  const pieces: Emission[] = [];
  // A sixth, since one unit may become six bytes.
  const step = Math.max(1, Math.floor((eventBytes - envelopeBytes) / 6));
  for (let at = 0; at < line.length; at += step) {
    pieces.push({ type: "agent.raw", payload: { source, data: line.slice(at, at + step).toWellFormed() } });
  }
  return pieces;
}

/** The event that a line `{"type", "payload"}` describes, unless it is malformed or the type is the manager's. */
function parseEvent(line: string): Emission | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { type, payload } = value as { type?: unknown; payload?: unknown };
  if (typeof type !== "string" || !/^[\w.-]{1,128}$/.test(type) || isReservedType(type)) return undefined;
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  return { type, payload };
}
