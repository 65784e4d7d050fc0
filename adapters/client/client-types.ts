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

/** Reading the feed as it comes. */
export interface EventsMethod {
  /**
   * What changes anywhere in the daemon, over as many connections as it takes, until `signal` aborts or the client closes. What
   * is not kept any more is told as one `system.gap`.
   * @throws `cursor_ahead` for a seq that the daemon has not reached; `connection_lost` once `giveUpMs` is over
   */
  (options?: FeedOptions): AsyncIterableIterator<StreamEvent>;
}

/**
 * Every operation of the contract as a method: `runs.start` is `client.runs.start(input, options)`. Calls reject with an
 * `AnodeError` whose code is the same over every carrier.
 */
export type Client = {
  readonly [Name in Exclude<Noun, "events">]: NounMethods<Name> & (Name extends "runs" ? AttachMethod : unknown);
} & {
  readonly events: EventsMethod & VerbMethods<"events">;
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
