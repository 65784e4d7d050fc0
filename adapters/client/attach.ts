import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { Clock } from "../../lib/host.js";
import type { CarrierReply } from "./carrier.js";
import { notify } from "./hooks.js";
import { reconnectDelayMs } from "./retries.js";
import { isTerminal } from "./run-status.js";
import { readSse } from "./sse-reader.js";
import { createScope, orAbort, pause, untilAbort } from "./time.js";

/** How to read a run's events. */
export interface AttachOptions {
  /** Only events beyond this seq. @defaultValue 0 */
  readonly after?: number;
  /** Growing text too. @defaultValue false */
  readonly previews?: boolean;
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

/** What an attached reader needs of its client. */
export interface AttachPorts {
  /** Opens the stream behind a seq; `retries` undefined = the client's own. */
  open(input: Readonly<Record<string, unknown>>, signal: AbortSignal, retries?: number): Promise<CarrierReply>;
  /** The newest seq of the run. */
  lastSeq(id: string, signal: AbortSignal): Promise<number>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly closing: AbortSignal;
}

/**
 * The events of a run from a seq on, over as many connections as it takes: none twice, none left out. Ends after the
 * terminal event, and without an error when `signal` aborts, the client closes or the run is removed meanwhile.
 */
export function attach(ports: AttachPorts, id: string, options: AttachOptions): AsyncIterableIterator<StreamEvent | Preview> {
  const scope = createScope({ signal: options.signal, closing: ports.closing, clock: ports.clock });
  const events = follow(ports, id, options, scope.signal);
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
  ports: AttachPorts,
  id: string,
  options: AttachOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent | Preview, void> {
  const { clock, random } = ports;
  const { after = 0, previews = false, approver = false, follow = true, giveUpMs = Number.POSITIVE_INFINITY } = options;
  let cursor = after;
  let goal: number | undefined;
  let opened = false;
  let failures = 0;
  let heardAtMs = clock.monotonic();
  while (!signal.aborted) {
    let error: AnodeError | undefined;
    try {
      if (!follow) goal ??= await ports.lastSeq(id, signal);
      const reply = await orAbort(ports.open({ id, after: cursor, previews, approver, follow }, signal, opened ? 0 : undefined), signal);
      if (reply.status === 204) return;
      opened = true;
      for await (const { id: position, data } of readSse(untilAbort(reply.body, signal))) {
        failures = 0;
        heardAtMs = clock.monotonic();
        const event = data === undefined ? undefined : parseEvent(data);
        if (!event) cursor = Math.max(cursor, Number(position) || 0);
        else if (!("seq" in event)) yield event;
        else if (event.seq > cursor) {
          cursor = event.seq;
          yield event;
          if (isTerminal(event.status)) return;
        }
      }
      if (goal !== undefined && cursor >= goal) return;
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
    notify(options.onReconnect, { attempt: failures, after: cursor, delayMs, ...(error && { error }) });
    await pause(clock, delayMs, signal).catch(() => {});
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
