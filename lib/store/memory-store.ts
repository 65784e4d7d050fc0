import { type Limits, resolveLimits } from "../limits.js";
import { MemoryCollection } from "./memory-collection.js";
import { emptyPage, MemoryStream } from "./memory-stream.js";
import { checkGapless, staleRevision, staleSeq, storeClosed } from "./refusals.js";
import type { Batch, Delete, Put, Store } from "./store.js";

/** What {@link createMemoryStore} may be told. */
export interface MemoryStoreOptions {
  /** `streamEvents` and `streamBytes` bound each stream; the oldest batches go, whole. Bytes are estimated. */
  readonly limits?: Partial<Limits>;
}

/**
 * A store that lives and dies with its process: events and records are kept by reference and must not be changed
 * after they were handed in. It is also the shortest statement of what a {@link Store} does.
 * @throws `invalid_request` for a limit out of its range
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const limits = resolveLimits(options.limits);
  const streams = new Map<string, MemoryStream>();
  const collections = new Map<string, MemoryCollection>();
  let ordinal = 0;
  let isClosed = false;

  const revisionOf = (collection: string, id: string): number => collections.get(collection)?.get(id)?.revision ?? 0;

  function check(batch: Batch): void {
    if (batch.appends) checkAppends(batch.appends, (stream) => streams.get(stream)?.lastSeq ?? 0);
    if (batch.puts || batch.deletes) checkRecords(batch.puts ?? [], batch.deletes ?? [], revisionOf);
  }

  function apply({ appends = [], puts = [], deletes = [], drops = [] }: Batch): void {
    for (const { stream, events } of appends) valueOf(streams, stream, () => new MemoryStream()).append(events, limits);
    for (const { collection, id, record } of puts) {
      const records = valueOf(collections, collection, () => new MemoryCollection());
      const known = records.get(id);
      records.put({ id, ordinal: known?.ordinal ?? ++ordinal, revision: (known?.revision ?? 0) + 1, record });
    }
    for (const { collection, id } of deletes) collections.get(collection)?.delete(id);
    for (const stream of drops) streams.delete(stream);
  }

  function assertOpen(): void {
    if (isClosed) throw storeClosed();
  }

  return {
    supports: { durable: false },
    async commit(batch) {
      assertOpen();
      check(batch);
      apply(batch);
    },
    async read(stream, after, limitBytes) {
      assertOpen();
      return streams.get(stream)?.read(after, limitBytes) ?? emptyPage;
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
      const bytes = Array.from(streams.values()).reduce((sum, stream) => sum + stream.bytes, 0);
      return { kind: "memory", bytes, limitBytes: 0 };
    },
    async close() {
      isClosed = true;
      streams.clear();
      collections.clear();
    },
  };
}

/** A batch may append to a stream more than once; the later parts count on the earlier ones. */
function checkAppends(appends: NonNullable<Batch["appends"]>, lastSeqOf: (stream: string) => number): void {
  const heads = new Map<string, number>();
  for (const append of appends) {
    checkGapless(append);
    const { stream, expectedSeq, events } = append;
    const lastSeq = heads.get(stream) ?? lastSeqOf(stream);
    if (lastSeq !== expectedSeq) throw staleSeq(stream, expectedSeq, lastSeq);
    heads.set(stream, lastSeq + events.length);
  }
}

function checkRecords(puts: readonly Put[], deletes: readonly Delete[], revisionOf: (collection: string, id: string) => number): void {
  const changed = new Map<string, number>();
  const current = ({ collection, id }: { collection: string; id: string }): number =>
    changed.get(JSON.stringify([collection, id])) ?? revisionOf(collection, id);
  const change = ({ collection, id }: { collection: string; id: string }, revision: number): unknown =>
    changed.set(JSON.stringify([collection, id]), revision);
  for (const put of puts) {
    if (current(put) !== put.expectedRevision) throw staleRevision(put.collection, put.id, put.expectedRevision, current(put));
    change(put, put.expectedRevision + 1);
  }
  for (const entry of deletes) {
    const { expectedRevision = current(entry) } = entry;
    if (current(entry) !== expectedRevision) throw staleRevision(entry.collection, entry.id, expectedRevision, current(entry));
    change(entry, 0);
  }
}

function valueOf<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}
