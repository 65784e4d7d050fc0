import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { Clock } from "../../lib/host.js";
import type { CarrierReply } from "./carrier.js";
import { notify } from "./hooks.js";
import { reconnectDelayMs } from "./retries.js";
import { readSse } from "./sse-reader.js";
import { createScope, orAbort, pause, untilAbort } from "./time.js";

/** How to read an event stream over as many connections as it takes. */
export interface ResumeOptions {
  /** Only events beyond this seq. */
  readonly after?: number;
  /** False = what is committed by now, then the end. @defaultValue true */
  readonly follow?: boolean;
  /** The reader approves: while it reads, an approver is present. @defaultValue false */
  readonly approver?: boolean;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Gives up, with the last error, after so many milliseconds without a word. @defaultValue never */
  readonly giveUpMs?: number;
  /** Told before each new connection. */
  readonly onReconnect?: (info: ReconnectInfo) => void;
}

/** A stream that broke and is going to be opened again. */
export interface ReconnectInfo {
  /** Failures in a row. */
  readonly attempt: number;
  /** The last seq that was seen; the stream goes on behind it. */
  readonly after: number;
  readonly delayMs: number;
  /** Absent when the daemon ended the stream in order. */
  readonly error?: AnodeError;
}

/** What all resuming readers of a client share. */
export interface ResumePorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly closing: AbortSignal;
}

/** A stream that can be opened behind any seq. */
export interface ResumedStream {
  /** `after` undefined = nothing of it was seen yet, and nothing was asked for; `retries` undefined = the client's own. */
  open(after: number | undefined, signal: AbortSignal, retries?: number): Promise<CarrierReply>;
  /** The newest seq. */
  lastSeq(signal: AbortSignal): Promise<number>;
  /** Whether nothing follows the event. */
  isLast(event: StreamEvent): boolean;
}

/**
 * The events of a stream from a seq on, over as many connections as it takes: none twice, none left out. Ends after the last
 * event, and without an error when `signal` aborts, the client closes or what is read about is removed meanwhile.
 */
export function resume(ports: ResumePorts, stream: ResumedStream, options: ResumeOptions): AsyncIterableIterator<StreamEvent | Preview> {
  const scope = createScope({ signal: options.signal, closing: ports.closing, clock: ports.clock });
  const events = follow(ports, stream, options, scope.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const next = await events.next().catch((error: unknown) => {
        scope.release();
        throw error;
      });
      if (next.done) scope.release();
      return next;
    },
    // A generator alone would first wait for the event it is waiting for.
    async return() {
      scope.abort(new AnodeError("aborted", "The reader left."));
      scope.release();
      return events.return();
    },
  };
}

async function* follow(
  { clock, random }: ResumePorts,
  stream: ResumedStream,
  options: ResumeOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent | Preview, void> {
  const { follow: goesOn = true, giveUpMs = Number.POSITIVE_INFINITY } = options;
  let cursor = options.after;
  let goal: number | undefined;
  let opened = false;
  let failures = 0;
  let heardAtMs = clock.monotonic();
  const hear = (): void => void (heardAtMs = clock.monotonic());
  while (!signal.aborted) {
    let error: AnodeError | undefined;
    try {
      if (!goesOn) goal ??= await stream.lastSeq(signal);
      const reply = await orAbort(stream.open(cursor, signal, opened ? 0 : undefined), signal);
      if (reply.status === 204) return;
      opened = true;
      for await (const { id: position, data } of readSse(beyondFirst(untilAbort(reply.body, signal), hear))) {
        failures = 0;
        hear();
        const event = data === undefined ? undefined : parseEvent(data);
        if (!event) cursor = Math.max(cursor ?? 0, Number(position) || 0);
        else if (!("seq" in event)) yield event;
        else if (event.seq > (cursor ?? 0)) {
          cursor = event.seq;
          yield event;
          if (stream.isLast(event)) return;
        }
      }
      if (goal !== undefined && (cursor ?? 0) >= goal) return;
    } catch (thrown) {
      if (signal.aborted || (opened && isAnodeError(thrown) && thrown.status === 404)) return;
      if (!opened || !isAnodeError(thrown) || !thrown.retryable) throw thrown;
      error = thrown;
    }
    if (signal.aborted) return;
    failures += 1;
    const delayMs = reconnectDelayMs(failures, error, random);
    if (clock.monotonic() + delayMs - heardAtMs > giveUpMs)
      throw error ?? new AnodeError("connection_lost", "The daemon keeps ending the stream.");
    notify(options.onReconnect, { attempt: failures, after: cursor ?? 0, delayMs, ...(error && { error }) });
    await pause(clock, delayMs, signal).catch(() => {});
  }
}

/** The chunks as they are. A heartbeat is a word too, though no event: only what a stream opens with may come from a daemon that has nothing to say. */
async function* beyondFirst(chunks: AsyncIterable<Uint8Array>, hear: () => void): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (!isFirst) hear();
    isFirst = false;
    yield chunk;
  }
}

/** @throws `protocol_error` */
function parseEvent(data: string): StreamEvent | Preview {
  try {
    const event: unknown = JSON.parse(data);
    if (typeof event === "object" && event !== null && "type" in event) return event as StreamEvent | Preview;
  } catch {
    // Named below.
  }
  throw new AnodeError("protocol_error", "The event stream holds something that is not an event.");
}
