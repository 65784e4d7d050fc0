import type { Clock } from "../host.js";
import type { Store, StreamPage } from "../store/store.js";
import type { EventBuffer } from "./buffer.js";
import type { StreamEvent } from "./event.js";
import { eventsOfLines, framesOfLines } from "./frame.js";

/** What one read gave: a value to pass on and the cursor after it. */
export interface Page<Value> {
  readonly value: Value;
  readonly toSeq: number;
}

/** A stream as a cursor sees it. */
export interface FollowedStream {
  readonly name: string;
  readonly buffer: EventBuffer;
  readonly store: Store;
  /** True when no event will ever follow the committed ones. */
  ended(): boolean;
  /** The event that stands for a range that is gone. */
  gap(fromSeq: number, toSeq: number): StreamEvent | Promise<StreamEvent>;
}

/** The form in which a reader wants events. */
export interface PageForm<Value> {
  fromBuffer(buffer: EventBuffer, stream: string, after: number): Page<Value> | undefined;
  fromLines(lines: Uint8Array, fromSeq: number): Value;
  fromGap(gap: StreamEvent): Value;
}

export interface FollowOptions<Value> {
  /** Only events beyond this seq. */
  readonly after: number;
  /** False = what is committed now, then the end. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** What to pass on when all record events were read: previews. Empty or undefined = nothing. */
  readonly live?: () => Value | undefined;
  /** Passed on after each `ms` of silence. */
  readonly heartbeat?: { readonly ms: number; readonly clock: Clock; readonly value: Value };
}

const pageBytes = 128 * 1024;
const pageEvents = 512;

/** Events as objects. */
export const asEvents: PageForm<readonly StreamEvent[]> = {
  fromBuffer(buffer, stream, after) {
    const events = buffer.events(stream, after, pageEvents);
    return events && events.length > 0 ? { value: events, toSeq: after + events.length } : undefined;
  },
  fromLines: (lines) => eventsOfLines(lines),
  fromGap: (gap) => [gap],
};

/** Bytes of SSE frames, shared by all readers. */
export function asFrames(frameOfGap: (gap: StreamEvent) => Uint8Array): PageForm<Uint8Array> {
  return {
    fromBuffer(buffer, stream, after) {
      const chunk = buffer.frames(stream, after, pageBytes);
      return chunk && { value: chunk.frames, toSeq: chunk.toSeq };
    },
    fromLines: framesOfLines,
    fromGap: frameOfGap,
  };
}

/**
 * Reads a stream from a cursor: the buffer where it holds the next event, else the store, one gap where neither does.
 * It sleeps only after a read came back empty with the wake-up armed before it, so nothing falls between replay and live.
 */
export async function* follow<Value>(stream: FollowedStream, form: PageForm<Value>, options: FollowOptions<Value>): AsyncGenerator<Value> {
  const wakeUp = createWakeUp();
  const read = readAhead(stream);
  const unsubscribe = stream.buffer.subscribe(stream.name, wakeUp.wake);
  options.signal.addEventListener("abort", wakeUp.wake);
  let cursor = options.after;
  try {
    while (!options.signal.aborted) {
      wakeUp.arm();
      const ended = stream.ended();
      const next = nextPage(stream, form, cursor, read);
      const page = next instanceof Promise ? await next : next;
      if (page) {
        yield page.value;
        cursor = page.toSeq;
        continue;
      }
      const live = options.live?.();
      if (live !== undefined) {
        yield live;
        continue;
      }
      // The end was looked at before the read: an event committed in between is still seen.
      if (!options.follow || ended) return;
      const silent = await wakeUp.sleep(options.heartbeat);
      if (silent && options.heartbeat) yield options.heartbeat.value;
    }
  } finally {
    unsubscribe();
    options.signal.removeEventListener("abort", wakeUp.wake);
  }
}

function nextPage<Value>(
  stream: FollowedStream,
  form: PageForm<Value>,
  after: number,
  read: ReadStore,
): Page<Value> | undefined | Promise<Page<Value> | undefined> {
  const newest = stream.buffer.lastSeq(stream.name);
  if (newest > 0 && after >= newest) return undefined;
  return form.fromBuffer(stream.buffer, stream.name, after) ?? fromStore(stream, form, after, read);
}

type ReadStore = (after: number) => Promise<StreamPage>;

/** Reads pages of the store; while one is passed on, the next is on its way. */
function readAhead({ store, name }: FollowedStream): ReadStore {
  let next: { readonly after: number; readonly page: Promise<StreamPage> } | undefined;
  return async (after) => {
    const coming = next?.after === after ? next.page : store.read(name, after, pageBytes);
    next = undefined;
    const page = await coming;
    const { toSeq } = page;
    if (toSeq === 0 || toSeq >= page.lastSeq) return page;
    next = { after: toSeq, page: store.read(name, toSeq, pageBytes) };
    // A reader that goes away does not ask for it any more.
    next.page.catch(() => {});
    return page;
  };
}

async function fromStore<Value>(
  stream: FollowedStream,
  form: PageForm<Value>,
  after: number,
  read: ReadStore,
): Promise<Page<Value> | undefined> {
  const page = await read(after);
  if (page.toSeq === 0) {
    if (page.lastSeq <= after) return undefined;
    return { value: form.fromGap(await stream.gap(after + 1, page.lastSeq)), toSeq: page.lastSeq };
  }
  if (page.fromSeq > after + 1) {
    return { value: form.fromGap(await stream.gap(after + 1, page.fromSeq - 1)), toSeq: page.fromSeq - 1 };
  }
  return { value: form.fromLines(page.lines, page.fromSeq), toSeq: page.toSeq };
}

interface WakeUp {
  readonly wake: () => void;
  arm(): void;
  /** Resolves at the next wake-up, with true when the heartbeat came first. */
  sleep(heartbeat?: { readonly ms: number; readonly clock: Clock }): Promise<boolean>;
}

function createWakeUp(): WakeUp {
  let woken = false;
  let resolve: ((silent: boolean) => void) | undefined;
  const settle = (silent: boolean): void => {
    const waiting = resolve;
    resolve = undefined;
    waiting?.(silent);
  };
  return {
    wake() {
      woken = true;
      settle(false);
    },
    arm() {
      woken = false;
    },
    async sleep(heartbeat) {
      if (woken) return false;
      const slept = new Promise<boolean>((done) => (resolve = done));
      if (!heartbeat) return slept;
      const cancel = heartbeat.clock.schedule(() => settle(true), heartbeat.ms);
      const silent = await slept;
      cancel();
      return silent;
    },
  };
}
