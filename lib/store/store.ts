import type { EventBuffer } from "../events/buffer.js";
import type { StreamEvent } from "../events/event.js";

/** One stream's part of a {@link Batch}. */
export interface Append {
  /** Any name: `run:<id>`, `feed`, `trace:<id>`. */
  readonly stream: string;
  /** Last seq the writer knows; 0 for a stream that must not have events yet. */
  readonly expectedSeq: number;
  /** At least one, with `seq` gapless from `expectedSeq + 1`. */
  readonly events: readonly StreamEvent[];
}

/** A record write. The new revision is `expectedRevision + 1`. */
export interface Put {
  readonly collection: string;
  readonly id: string;
  readonly record: object;
  /** Revision the writer knows; 0 = the record must not exist. */
  readonly expectedRevision: number;
}

/** A record removal; without `expectedRevision` it removes whatever is there, or nothing. */
export interface Delete {
  readonly collection: string;
  readonly id: string;
  readonly expectedRevision?: number;
}

/** The beginning of a stream that may go. */
export interface Trim {
  readonly stream: string;
  /** Events up to this seq go, in the store's own pieces: some of them may stay. The newest event always stays, so that seqs go on. */
  readonly upTo: number;
}

/** What one {@link Store.commit} does, together or not at all. Puts are applied in order, then deletes, drops and trims. */
export interface Batch {
  readonly appends?: readonly Append[];
  readonly puts?: readonly Put[];
  readonly deletes?: readonly Delete[];
  /** Streams to remove whole. */
  readonly drops?: readonly string[];
  readonly trims?: readonly Trim[];
}

/** A part of a stream, ascending. */
export interface StreamPage {
  /**
   * JSON lines of the events, each ended by LF, as they were encoded; empty when there is nothing after the cursor. When there are
   * any, their memory is the caller's alone, who may give it away or free it.
   */
  readonly lines: Uint8Array;
  /** Seq of the first and last event in `lines`; 0 and 0 when empty. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** First seq the store still holds (0: none) and last seq ever appended (0: none). */
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** A record as stored. */
export interface Stored {
  readonly id: string;
  /** Given at the first put, ascending over all collections, never reused. */
  readonly ordinal: number;
  readonly revision: number;
  readonly record: object;
}

/** Which records to list. */
export interface ListQuery {
  /** `desc` = newest first. @defaultValue "desc" */
  readonly order?: "asc" | "desc";
  /** Only records strictly beyond this ordinal in the order asked for. */
  readonly after?: number;
  /** At most this many records; 1 or more. */
  readonly limit: number;
  /** Top-level string fields that must equal one of the given texts. All must hold. */
  readonly where?: Readonly<Record<string, readonly string[]>>;
}

/** One page of records. */
export interface StoredPage {
  readonly items: readonly Stored[];
  /** True when at least one more record matches. */
  readonly more: boolean;
}

/** What a store occupies. */
export interface StoreUsage {
  readonly kind: string;
  readonly bytes: number;
  /** 0 = unbounded. */
  readonly limitBytes: number;
}

/**
 * The one durable part: streams of events and collections of records.
 *
 * Callers may have several commits under way; they are applied in call order. A promise of `commit` resolves when the
 * batch is durable (as far as `supports.durable` promises it) and visible to every later `read`, `get` and `list`.
 * After reopening, all acknowledged batches and no others are there.
 *
 * Errors: `stale_commit` (an expected seq or revision was overtaken; nothing of the batch remains and other commits
 * stand), `storage_full` (no space; nothing remains, reads go on, a later commit may succeed), `store_failed` (the
 * store is lost; every later call rejects with it), `shutting_down` (after `close`, every call), `internal` (a record that is
 * damaged is never given out: its collection and id are in the details). `close` is idempotent and lets commits under way finish.
 *
 * Events and records that were handed in, or given out, must not be changed afterwards.
 */
export interface Store {
  readonly supports: {
    /** Acknowledged batches survive the process. */
    readonly durable: boolean;
  };
  /** The live ring of a store that holds its streams in memory anyway; without one the manager puts its own in front. */
  readonly buffer?: EventBuffer;
  /** @throws `stale_commit`, `storage_full`, `store_failed`, `shutting_down` */
  commit(batch: Batch): Promise<void>;
  /**
   * Events with `seq > after`, as whole stored lines: at least one event when there is any, and no more once
   * `limitBytes` is reached. Unknown streams read as empty.
   */
  read(stream: string, after: number, limitBytes: number): Promise<StreamPage>;
  get(collection: string, id: string): Promise<Stored | undefined>;
  list(collection: string, query: ListQuery): Promise<StoredPage>;
  /** How many records of a collection have which text in a top-level field. */
  count(collection: string, field: string): Promise<Readonly<Record<string, number>>>;
  usage(): Promise<StoreUsage>;
  close(): Promise<void>;
}
