import { feedStream } from "../events/journal.js";
import { createLogReaders } from "../events/ring-buffer.js";
import type { Segment } from "../events/slab.js";
import { StreamLog } from "../events/stream-log.js";
import { type Limits, resolveLimits } from "../limits.js";
import { MemoryCollection } from "./memory-collection.js";
import { checkGapless, staleRevision, staleSeq, storeClosed } from "./refusals.js";
import type { Append, Batch, Delete, Put, Store, StreamPage } from "./store.js";

/** What {@link createMemoryStore} may be told. */
export interface MemoryStoreOptions {
  /** `streamEvents` (the feed: `feedEventsInMemory`) and `streamBytes` bound each stream; the oldest segments go, whole. Bytes are estimated. */
  readonly limits?: Partial<Limits>;
  /**
   * The feed's first event comes after this seq, as if all before it were gone. Who serves readers that may outlive this process
   * gives a number that no feed before can have reached, the time in microseconds: a cursor from there is then behind the feed,
   * and its reader is told of the gap. @defaultValue 0
   */
  readonly feedAfter?: number;
}

/** Of every commit: it is done when it has been called. */
const done = Promise.resolve();
const emptyPage: StreamPage = { lines: new Uint8Array(0), fromSeq: 0, toSeq: 0, firstSeq: 0, lastSeq: 0 };

/**
 * A store that lives and dies with its process: events and records are kept by reference and must not be changed
 * after they were handed in. It brings its own event buffer, so that nothing is held twice.
 * @throws `invalid_request` for a limit out of its range
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const limits = resolveLimits(options.limits);
  const bounds = { events: limits.streamEvents, bytes: limits.streamBytes };
  const feedBounds = { ...bounds, events: Math.min(bounds.events, limits.feedEventsInMemory) };
  const streams = new Map([[feedStream, new StreamLog(feedBounds, options.feedAfter)]]);
  const collections = new Map<string, MemoryCollection>();
  /** Streams that have ended and are one segment each: most there are, and a log that can go on is as large again. */
  const ended = new Map<string, Segment>();
  const readers = createLogReaders(streams, (stream) => {
    const whole = streams.get(stream)?.seal();
    if (whole && streams.delete(stream)) ended.set(stream, whole);
  });
  let lastOrdinal = 0;
  let isClosed = false;

  const nextOrdinal = (): number => ++lastOrdinal;
  const lastSeqOf = (stream: string): number => (streams.get(stream) ?? ended.get(stream))?.lastSeq ?? 0;
  const revisionOf = (collection: string, id: string): number => collections.get(collection)?.revision(id) ?? 0;

  function logOf(stream: string): StreamLog | undefined {
    const segment = ended.get(stream);
    return segment ? StreamLog.of(segment, bounds) : streams.get(stream);
  }

  function collectionOf(name: string): MemoryCollection {
    let records = collections.get(name);
    if (!records) collections.set(name, (records = new MemoryCollection()));
    return records;
  }

  /** The records of a batch, or none of them: where one is stale, what was written before it is taken back. */
  function write(puts: readonly Put[], deletes: readonly Delete[]): void {
    let before: (object | undefined)[] = [];
    try {
      puts.forEach(({ collection, id, record, expectedRevision }) => {
        checkRevision(collection, id, expectedRevision, revisionOf(collection, id));
        const old = collectionOf(collection).put(id, record, nextOrdinal);
        // An array that begins with its element does not reserve room for sixteen more.
        if (before.length === 0) before = [old];
        else before.push(old);
      });
      checkDeletes(deletes, revisionOf);
    } catch (error) {
      const written = puts.slice(0, before.length);
      for (const { collection, id } of written.toReversed()) collectionOf(collection).undo(id, before.pop());
      throw error;
    }
    deletes.forEach(({ collection, id }) => collections.get(collection)?.delete(id));
  }

  function apply({ appends = [], puts = [], deletes = [], drops = [], trims = [] }: Batch): void {
    checkAppends(appends, lastSeqOf);
    write(puts, deletes);
    // A call each and no iterator, which makes an object for each: all that happens comes by here.
    appends.forEach(({ stream, events }) => {
      let log = streams.get(stream);
      if (!log) {
        streams.set(stream, (log = logOf(stream) ?? new StreamLog(stream === feedStream ? feedBounds : bounds)));
        ended.delete(stream);
      }
      log.append(events);
    });
    for (const stream of drops) if (!streams.delete(stream)) ended.delete(stream);
    for (const { stream, upTo } of trims) streams.get(stream)?.cut(upTo);
  }

  function assertOpen(): void {
    if (isClosed) throw storeClosed();
  }

  return {
    supports: { durable: false },
    buffer: { ...readers, publish: readers.wake },
    commit(batch) {
      try {
        assertOpen();
        apply(batch);
        return done;
      } catch (error) {
        return Promise.reject(error);
      }
    },
    async read(stream, after, limitBytes) {
      assertOpen();
      const log = logOf(stream);
      return log ? { ...log.lines(after, limitBytes), firstSeq: log.firstSeq, lastSeq: log.lastSeq } : emptyPage;
    },
    async get(collection, id) {
      assertOpen();
      return collections.get(collection)?.get(id);
    },
    async list(collection, query) {
      assertOpen();
      return collections.get(collection)?.list(query) ?? { items: [], more: false };
    },
    async count(collection, field) {
      assertOpen();
      return collections.get(collection)?.count(field) ?? {};
    },
    async usage() {
      assertOpen();
      let bytes = 0;
      for (const held of [streams, ended]) for (const log of held.values()) bytes += log.bytes;
      return { kind: "memory", bytes, limitBytes: 0 };
    },
    async close() {
      isClosed = true;
    },
  };
}

/** A batch may append to a stream more than once; the later parts count on the earlier ones. */
function checkAppends(appends: readonly Append[], lastSeqOf: (stream: string) => number): void {
  const [only] = appends;
  const heads = appends.length > 1 ? new Map<string, number>() : undefined;
  for (const append of appends) {
    checkGapless(append);
    const { stream, expectedSeq, events } = append;
    const lastSeq = (append === only ? undefined : heads?.get(stream)) ?? lastSeqOf(stream);
    if (lastSeq !== expectedSeq) throw staleSeq(stream, expectedSeq, lastSeq);
    heads?.set(stream, lastSeq + events.length);
  }
}

function checkRevision(collection: string, id: string, expected: number, revision: number): void {
  if (revision !== expected) throw staleRevision(collection, id, expected, revision);
}

/** Puts come before deletes, and what one delete has removed is gone for the next. */
function checkDeletes(deletes: readonly Delete[], revisionOf: (collection: string, id: string) => number): void {
  deletes.forEach(({ collection, id, expectedRevision }, at) => {
    if (expectedRevision === undefined) return;
    const isGone = deletes.slice(0, at).some((other) => other.id === id && other.collection === collection);
    checkRevision(collection, id, expectedRevision, isGone ? 0 : revisionOf(collection, id));
  });
}
