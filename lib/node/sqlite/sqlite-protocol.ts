import type { ErrorCode } from "../../errors.js";
import type { Delete, ListQuery, StoreUsage, StreamPage, Trim } from "../../store/store.js";

// What the main thread and the worker say to each other: plain data. Events and records travel as JSON text, because
// one long string is cheaper to post than many objects.

/** Events of one stream on their way to the worker. */
export interface EncodedAppend {
  readonly stream: string;
  readonly expectedSeq: number;
  readonly count: number;
  /** JSON lines, each ended by LF. */
  readonly lines: string;
}

/** A record on its way to the worker. */
export interface EncodedPut {
  readonly collection: string;
  readonly id: string;
  readonly json: string;
  readonly expectedRevision: number;
}

/** What is committed together. */
export interface EncodedBatch {
  readonly appends: readonly EncodedAppend[];
  readonly puts: readonly EncodedPut[];
  readonly deletes: readonly Delete[];
  readonly drops: readonly string[];
  readonly trims: readonly Trim[];
}

export type Durability = "full" | "normal";

/** What the worker opens the file with. */
export interface OpenRequest {
  readonly path: string;
  readonly durability: Durability;
  readonly streamEvents: number;
  readonly streamBytes: number;
  readonly storeBytes: number;
  readonly commitOperations: number;
  readonly commitBytes: number;
}

/** The settings as SQLite reads them back. */
export interface SqliteSettings {
  readonly sqlite_version: string;
  readonly journal_mode: string;
  readonly synchronous: number;
  readonly busy_timeout: number;
  readonly auto_vacuum: number;
  readonly foreign_keys: number;
  readonly trusted_schema: number;
  readonly application_id: number;
  readonly user_version: number;
}

/** Ordinal, id, revision, JSON text. */
export type RecordRow = readonly [ordinal: number, id: string, revision: number, json: string];

/** A page of records as the worker answers it. */
export interface RecordRows {
  readonly rows: readonly RecordRow[];
  readonly more: boolean;
}

/** Every call and what it answers. */
export interface Calls {
  open: { input: OpenRequest; output: SqliteSettings };
  commit: { input: EncodedBatch; output: undefined };
  read: { input: { stream: string; after: number; limitBytes: number }; output: StreamPage };
  get: { input: { collection: string; id: string }; output: RecordRow | undefined };
  list: { input: { collection: string; query: ListQuery }; output: RecordRows };
  count: { input: { collection: string; field: string }; output: readonly (readonly [text: string, count: number])[] };
  usage: { input: undefined; output: StoreUsage };
  check: { input: undefined; output: readonly string[] };
  close: { input: undefined; output: undefined };
}

/** A call on its way to the worker. */
export type Request = {
  [Name in keyof Calls]: { readonly id: number; readonly call: Name; readonly input: Calls[Name]["input"] };
}[keyof Calls];

/** An error on its way back. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Reply = { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: PlainError };

/** What the worker posts: answers, or its last word when the file is lost. */
export type WorkerMessage = { readonly replies: readonly Reply[] } | { readonly failed: PlainError };
