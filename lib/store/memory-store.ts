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

  function check({ appends, puts, deletes }: Batch): void {
    if (appends) checkAppends(appends, lastSeqOf);
    if (puts?.length || deletes?.length) checkRecords(puts ?? [], deletes ?? [], revisionOf);
  }

  function apply({ appends = [], puts = [], deletes = [], drops = [], trims = [] }: Batch): void {
    // A call each and no iterator, which makes an object for each: all that happens comes by here.
    appends.forEach(({ stream, events }) => {
      let log = streams.get(stream);
      if (!log) {
        streams.set(stream, (log = logOf(stream) ?? new StreamLog(stream === feedStream ? feedBounds : bounds)));
        ended.delete(stream);
      }
      log.append(events);
    });
    puts.forEach(({ collection, id, record }) => {
      let records = collections.get(collection);
      if (!records) collections.set(collection, (records = new MemoryCollection()));
      records.put(id, record, nextOrdinal);
    });
    for (const { collection, id } of deletes) collections.get(collection)?.delete(id);
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
        check(batch);
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

/** Likewise for records: a later put counts on the revision an earlier one gives. */
function checkRecords(puts: readonly Put[], deletes: readonly Delete[], revisionOf: (collection: string, id: string) => number): void {
  const changed = puts.length + deletes.length > 1 ? new Map<string, Map<string, number>>() : undefined;
  const changedIn = (collection: string): Map<string, number> | undefined => {
    let ids = changed?.get(collection);
    if (!ids) changed?.set(collection, (ids = new Map()));
    return ids;
  };
  for (const { collection, id, expectedRevision } of puts) {
    const ids = changedIn(collection);
    const revision = ids?.get(id) ?? revisionOf(collection, id);
    if (revision !== expectedRevision) throw staleRevision(collection, id, expectedRevision, revision);
    ids?.set(id, revision + 1);
  }
  for (const { collection, id, expectedRevision } of deletes) {
    const ids = changedIn(collection);
    const revision = ids?.get(id) ?? revisionOf(collection, id);
    if (expectedRevision !== undefined && revision !== expectedRevision) throw staleRevision(collection, id, expectedRevision, revision);
    ids?.set(id, 0);
  }
}
