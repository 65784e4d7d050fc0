import type { AttachmentRef } from "../../lib/attachments/schema.js";
import type { OperationInput, OperationName, OperationOutput } from "../../lib/contract/schemas.js";
import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { AttachOptions } from "./attach.js";
import type { PeerConnection, PeerHandlers, PeerOptions } from "./connect-peer.js";
import type { FeedOptions } from "./events.js";

/** What a single call may be given beside its input. */
export interface CallOptions {
  /** Ends the call with `aborted`; never a run. */
  readonly signal?: AbortSignal;
  /** Instead of the fresh key that a creating call gets. */
  readonly idempotencyKey?: string;
  /** Ends the call, its repeats included, with `timeout`; 0 = none. @defaultValue none */
  readonly timeoutMs?: number;
  /** How often a safe call is repeated, instead of the client's own number. */
  readonly retries?: number;
}

/** Input first; it may be left out where nothing in it is required. */
export type CallArguments<Input> =
  Record<never, never> extends Input ? [input?: Input, options?: CallOptions] : [input: Input, options?: CallOptions];

/** The method of one operation. */
export type ClientMethod<Name extends OperationName> = (...given: CallArguments<OperationInput<Name>>) => Promise<OperationOutput<Name>>;

type Item<Page> = Extract<Page[keyof Page], readonly unknown[]>[number];

/** How a list is read beyond its first page. */
export interface ListMethods<Name extends OperationName> {
  /** The items of all pages, each page read when it is needed; `limit` is the size of a page. */
  iterate(input?: OperationInput<Name>, options?: CallOptions): AsyncIterableIterator<Item<OperationOutput<Name>>>;
  /** The items of all pages in one array, at most `max`. */
  all(input?: OperationInput<Name> & { readonly max?: number }, options?: CallOptions): Promise<Item<OperationOutput<Name>>[]>;
}

type VerbMethods<Noun extends string> = {
  readonly [Name in OperationName as Name extends `${Noun}.${infer Verb}` ? Verb : never]: ClientMethod<Name>;
};
type Noun = OperationName extends infer Name ? (Name extends `${infer First}.${string}` ? First : never) : never;

/** The operations of one noun; with {@link ListMethods} where the noun has a list. */
export type NounMethods<Name extends string> = VerbMethods<Name> &
  (`${Name}.list` extends OperationName ? ListMethods<`${Name}.list`> : unknown);

/** Reading a run's events as they come. */
export interface AttachMethod {
  /**
   * The run's events behind `after`, over as many connections as it takes, until the terminal one.
   * @throws `run_not_found`, `cursor_ahead`; `connection_lost` once `giveUpMs` is over
   */
  attach(id: string, options?: AttachOptions): AsyncIterableIterator<StreamEvent | Preview>;
}

/** Asking and waiting in one. */
export interface AskAndWaitMethod {
  /**
   * Asks a peer and waits until the ask is closed, for as long as that takes: `reply_text` or the fields of an answer are the reply,
   * `close_reason` says why there is none. An abort ends the waiting alone; the ask stays open.
   * @throws what `asks.ask` throws; `aborted`
   */
  askAndWait(input: OperationInput<"asks.ask">, options?: CallOptions): Promise<OperationOutput<"asks.wait">>;
}

/** Reading the feed as it comes. */
export interface EventsMethod {
  /**
   * What changes anywhere in the daemon, over as many connections as it takes, until `signal` aborts or the client closes. What
   * is not kept any more is told as one `system.gap`.
   * @throws `cursor_ahead` for a seq that the daemon has not reached; `connection_lost` once `giveUpMs` is over
   */
  (options?: FeedOptions): AsyncIterableIterator<StreamEvent>;
}

/** What can be uploaded: bytes that are there, a file (`fs.openAsBlob`), or a stream of them that is read once, as fast as they are taken. */
export type UploadSource = Uint8Array | Blob | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** What is said of an upload. */
export interface UploadDetails {
  /** A path's last part counts. @defaultValue `file` */
  readonly filename?: string;
  /** @defaultValue `application/octet-stream` */
  readonly content_type?: string;
}

/** A download, its bytes still to come. */
export interface Download {
  readonly filename: string;
  /** What it was sent as: of the uploader's type only if that is harmless. */
  readonly content_type: string;
  readonly size_bytes: number;
  readonly sha256: string;
  /** To be read once. Leaving early frees what is behind it. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Files to and from the daemon; beside the other operations of the noun. */
export interface AttachmentMethods {
  /**
   * Uploads a file. Never repeated: each upload is an attachment of its own.
   * @throws `attachment_too_large`, `attachment_storage_full`; `aborted` with its cause when the source fails
   */
  upload(source: UploadSource, details?: UploadDetails, options?: CallOptions): Promise<AttachmentRef>;
  /** The same as `upload`: over a wire both are sent as raw bytes. */
  put(source: UploadSource, details?: UploadDetails, options?: CallOptions): Promise<AttachmentRef>;
  /** Begins a download. @throws `attachment_not_found`, `attachment_expired` */
  download(input: { readonly id: string; readonly inline?: boolean }, options?: CallOptions): Promise<Download>;
}

/**
 * Every operation of the contract as a method: `runs.start` is `client.runs.start(input, options)`. Calls reject with an
 * `AnodeError` whose code is the same over every carrier.
 */
export type Client = {
  readonly [Name in Exclude<Noun, "events" | "attachments">]: NounMethods<Name> &
    (Name extends "runs" ? AttachMethod : unknown) &
    (Name extends "asks" ? AskAndWaitMethod : unknown);
} & {
  readonly events: EventsMethod & VerbMethods<"events">;
  readonly attachments: Omit<NounMethods<"attachments">, keyof AttachmentMethods> & AttachmentMethods;
} & {
  readonly [Name in OperationName as Name extends `${string}.${string}` ? never : Name]: ClientMethod<Name>;
} & {
  /** Connects a peer over its WebSocket, and again whenever that is lost; over TCP and Unix sockets. */
  connectPeer(options: PeerOptions, handlers: PeerHandlers): PeerConnection;
  /** Where the calls go, for people. */
  readonly address: string;
  /** Ends open calls with `aborted` and frees the connections; idempotent. */
  close(): Promise<void>;
};
