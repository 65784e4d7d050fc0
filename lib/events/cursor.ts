import type { Store, StreamPage } from "../store/store.js";
import type { BufferReader, EventBuffer } from "./buffer.js";
import type { StreamEvent } from "./event.js";
import { eventsOfLines, framesOfLines } from "./frame.js";
import { release } from "../release.js";
import { createWakeUp, type Heartbeat, type WakeUp } from "./wake-up.js";

/** What one read gave: a value to pass on and the cursor after it. */
export interface Page<Value> {
  /** `undefined` = nothing of it is for this reader. */
  readonly value: Value | undefined;
  readonly toSeq: number;
  /** Made for this reader alone. */
  readonly isOwn?: boolean;
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
  /** Events are left out: what a reader gets does not say how far it got. */
  readonly isPartial?: true;
  fromBuffer(reader: BufferReader, after: number): Page<Value> | undefined;
  /** Takes the lines over. */
  fromLines(lines: Uint8Array, fromSeq: number): Value | undefined;
  fromGap(gap: StreamEvent): Value;
}

/** From where and for how long a stream is followed. */
export interface FollowOptions<Value> {
  /** Only events beyond this seq. */
  readonly after: number;
  /** False = what is committed now, then the end. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Passed on before anything is read. */
  readonly opening?: Value;
  /** What to pass on when all record events were read: previews. Empty or undefined = nothing. */
  readonly live?: () => Value | undefined;
  /** Passed on after each `ms` in which nothing else was, and at the end of what was not all passed on; made of the newest seq that was read. */
  readonly heartbeat?: Heartbeat & { readonly value: (seq: number) => Value };
  /** Called when reading begins; what it gives is called once when it is over. */
  readonly attend?: () => () => void;
}

/** A reader's values, one call at a time; `return` ends it, also while a call waits. */
export interface Reading<Value> extends AsyncIterableIterator<Value, undefined> {
  /** `next` without a promise: told as soon as the value is there, in this call or in the one that wakes the reader. Neither function may throw. */
  pull(give: Give<Value>, fail: (error: unknown) => void): void;
  return(): Promise<IteratorReturnResult<undefined>>;
  /** Says that the last value is used up, so that its memory need not wait for the collector. Whoever keeps values does not say it. */
  free(): void;
}

type Give<Value> = (result: IteratorResult<Value, undefined>) => void;

const pageBytes = 128 * 1024;
/** Each page of a store may be a message to another thread and back, and a wake-up of both: twice the bytes, half of these. */
const storedPageBytes = 2 * pageBytes;
const pageEvents = 512;

/** Events as objects. */
export const asEvents: PageForm<readonly StreamEvent[]> = {
  fromBuffer(reader, after) {
    const events = reader.events(after, pageEvents);
    return events && events.length > 0 ? { value: events, toSeq: after + events.length } : undefined;
  },
  fromLines: (lines) => eventsOfLines(lines),
  fromGap: (gap) => [gap],
};

/** Bytes of SSE frames, shared by all readers. */
export function asFrames(frameOfGap: (gap: StreamEvent) => Uint8Array): PageForm<Uint8Array> {
  return {
    fromBuffer(reader, after) {
      const chunk = reader.frames(after, pageBytes);
      return chunk && { value: chunk.frames, toSeq: chunk.toSeq };
    },
    fromLines(lines, fromSeq) {
      const frames = framesOfLines(lines, fromSeq);
      release(lines);
      return frames;
    },
    fromGap: frameOfGap,
  };
}

/**
 * Reads a stream from a cursor: the buffer where it holds the next event, else the store, one gap where neither does.
 * It sleeps only after a read came back empty with the wake-up armed before it, so nothing falls between replay and live.
 */
export function follow<Value>(stream: FollowedStream, form: PageForm<Value>, options: FollowOptions<Value>): Reading<Value> {
  return new Follower(stream, form, options);
}

const atEnd: IteratorReturnResult<undefined> = { done: true, value: undefined };

// An iterator by hand, without a promise between the wake-up and the value: with delegating generators a wake-up cost each reader a dozen.
class Follower<Value> implements Reading<Value> {
  readonly #stream: FollowedStream;
  readonly #form: PageForm<Value>;
  readonly #options: FollowOptions<Value>;
  readonly #wakeUp: WakeUp;
  readonly #read: ReadStore;
  #reader: BufferReader | undefined;
  #left: (() => void) | undefined;
  #cursor: number;
  /** Whom the next value is for, while somebody waits for it. */
  #give: Give<Value> | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #own: Value | undefined;
  /** It has slept since it was asked. */
  #isSilent = false;
  /** The reader does not know how far it got. */
  #isUntold = false;
  #isOver = false;

  constructor(stream: FollowedStream, form: PageForm<Value>, options: FollowOptions<Value>) {
    this.#stream = stream;
    this.#form = form;
    this.#options = options;
    this.#wakeUp = createWakeUp((isDue) => this.#turn(isDue), options.heartbeat);
    this.#read = readAhead(stream);
    this.#cursor = options.after;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    return new Promise((resolve, reject) => this.pull(resolve, reject));
  }

  pull(give: Give<Value>, fail: (error: unknown) => void): void {
    this.#give = give;
    this.#fail = fail;
    this.#own = undefined;
    this.#isSilent = false;
    this.#turn(false);
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    return atEnd;
  }

  free(): void {
    if (this.#own instanceof Uint8Array) release(this.#own);
    this.#own = undefined;
  }

  #turn(isDue: boolean): void {
    try {
      if (isDue) this.#beat();
      else this.#look();
    } catch (error) {
      this.#break(error);
    }
  }

  /** Passes the next value on, or sleeps until there may be one. */
  #look(): void {
    const { opening, signal } = this.#options;
    if (!this.#reader && !this.#isOver) {
      this.#enter();
      if (opening !== undefined) return this.#pass(opening);
    }
    for (;;) {
      if (!this.#reader || this.#isOver || signal.aborted) return this.#end();
      this.#wakeUp.arm();
      const ended = this.#stream.ended();
      const read = nextPage(this.#stream, this.#form, this.#reader, this.#cursor, this.#read);
      if (read instanceof Promise) {
        return void read.then((page) => this.#see(page, ended) && this.#look()).catch((error: unknown) => this.#break(error));
      }
      if (!this.#see(read, ended)) return;
    }
  }

  /** Takes what a read gave; true = look again. The end was looked at before the read: an event committed in between is still seen. */
  #see(page: Page<Value> | undefined, ended: boolean): boolean {
    const { follow: goesOn, live } = this.#options;
    if (this.#isOver) return true;
    if (page) {
      this.#cursor = page.toSeq;
      this.#isUntold = this.#form.isPartial === true;
      if (page.value === undefined) return true;
      this.#own = page.isOwn ? page.value : undefined;
      this.#pass(page.value);
      return false;
    }
    const shown = live?.();
    if (shown !== undefined) this.#pass(shown);
    else if (goesOn && !ended) {
      // What was read and passed on to nobody does not break the silence.
      const isAsleep = this.#wakeUp.sleep(this.#isSilent);
      this.#isSilent = true;
      return !isAsleep;
    } else if (this.#isUntold) this.#beat();
    else this.#end();
    return false;
  }

  #beat(): void {
    const { heartbeat } = this.#options;
    if (!heartbeat) return this.#end();
    this.#isUntold = false;
    this.#pass(heartbeat.value(this.#cursor));
  }

  #pass(value: Value): void {
    this.#tell({ done: false, value });
  }

  #tell(result: IteratorResult<Value, undefined>): void {
    const give = this.#give;
    this.#give = this.#fail = undefined;
    give?.(result);
  }

  #break(error: unknown): void {
    const fail = this.#fail;
    this.#give = this.#fail = undefined;
    this.#end();
    fail?.(error);
  }

  #enter(): void {
    const { wake } = this.#wakeUp;
    this.#left = this.#options.attend?.();
    this.#reader = this.#stream.buffer.subscribe(this.#stream.name, wake);
    this.#options.signal.addEventListener("abort", wake);
  }

  #end(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#reader?.leave();
      this.#options.signal.removeEventListener("abort", this.#wakeUp.wake);
      this.#left?.();
      this.#wakeUp.close();
    }
    this.#tell(atEnd);
  }
}

function nextPage<Value>(
  stream: FollowedStream,
  form: PageForm<Value>,
  reader: BufferReader,
  after: number,
  read: ReadStore,
): Page<Value> | undefined | Promise<Page<Value> | undefined> {
  const newest = reader.lastSeq();
  if (newest > 0 && after >= newest) return undefined;
  return form.fromBuffer(reader, after) ?? fromStore(stream, form, after, read);
}

type ReadStore = (after: number) => Promise<StreamPage>;

/** Reads pages of the store; while one is passed on, the next is on its way. */
function readAhead({ store, name }: FollowedStream): ReadStore {
  let next: { readonly after: number; readonly page: Promise<StreamPage> } | undefined;
  return async (after) => {
    const coming = next?.after === after ? next.page : store.read(name, after, storedPageBytes);
    next = undefined;
    const page = await coming;
    const { toSeq } = page;
    if (toSeq === 0 || toSeq >= page.lastSeq) return page;
    next = { after: toSeq, page: store.read(name, toSeq, storedPageBytes) };
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
  return { value: form.fromLines(page.lines, page.fromSeq), toSeq: page.toSeq, isOwn: true };
}
