import type { Caller, Scope } from "../caller.js";
import type { ErrorCode } from "../errors.js";
import type { StoredReply } from "../store/idempotency.js";
import type { Put } from "../store/store.js";

/** One operation of the contract: plain data, from which routes, client, OpenAPI, MCP tools and tests are derived. */
export interface Operation {
  /** Also the client's method path: `runs.start` is `client.runs.start`. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Route with `{parameter}` segments. */
  readonly path: string;
  /** Other paths with the same meaning. */
  readonly aliases: readonly string[];
  /** The least scope; `any` = whoever is known, whatever the scopes; `none` = open to anyone who passes the gate. */
  readonly scope: Scope | "any" | "none";
  /** Status of success. */
  readonly success: number;
  /** Its own error codes, beside those of the gate. */
  readonly codes: readonly ErrorCode[];
  readonly body: "json" | "bytes" | "multipart" | "none";
  /** Largest body; 0 when there is none. */
  readonly limit_bytes: number;
  /** `held` replies wait, `stream` replies may be event streams. */
  readonly reply: "json" | "bytes" | "stream" | "held";
  readonly idempotent: boolean;
  /** The field of the input that makes a repeat the same call, where that is no key: the client fills it in, and repeats a lost call. */
  readonly repeatBy?: string;
  /** The field of the reply that holds the items of a page. */
  readonly items?: string;
  /** MCP tool name; without one there is no tool. */
  readonly tool?: string;
  /** The tool's parameters, and the fields of the input they are; without it the tool takes the input as it is. */
  readonly tool_fields?: Readonly<Record<string, string>>;
  /** One sentence for OpenAPI, tools and help. */
  readonly summary: string;
}

/** A file as it comes with a call. */
export interface FileBody {
  /** Raw, as its sender wrote it. */
  readonly filename?: string | undefined;
  readonly contentType?: string | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The body of an operation of the kinds `bytes` and `multipart`. The service bounds what it reads. */
export interface CallBody {
  /** So many bytes the file has at least, by what the caller declared; absent = not declared. */
  readonly leastBytes?: number;
  /** Begins to read; called at most once, and only when nothing else stands against the call. */
  open(): Promise<FileBody>;
}

/** What comes with an input, whatever the carrier. */
export interface CallContext {
  readonly caller: Caller;
  /** Aborts when the caller is gone: ends held replies and streams, never a run. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** The `Accept` header, or what stands for it. */
  readonly accept?: string;
  /** The `Last-Event-ID` header. */
  readonly lastEventId?: string;
  readonly idempotencyKey?: string;
  /** Makes the record that keeps a reply for its key, to be put into the same commit as the effect. */
  readonly keep?: (reply: StoredReply) => Put;
  /** Where the operation takes a body that is no JSON. */
  readonly body?: CallBody;
  readonly userAgent?: string;
  readonly address?: string;
}

/** Bytes to pass on as they come; the iterator is returned when the reader leaves. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** The iterator's `next` without a promise: told as soon as the bytes are there, in this call or in the one that brings them. Neither function may throw. */
  pull?(give: (result: IteratorResult<Uint8Array, undefined>) => void, fail: (error: unknown) => void): void;
  /** Says that the last bytes given are used up, so that their memory need not wait for the collector. */
  free?(): void;
}

/** What an operation answers, whatever the carrier. */
export interface Result {
  readonly status: number;
  /** The JSON document; absent for 204 and for streams. */
  readonly body?: unknown;
  /** A stream with its content type, and its length where that is known. */
  readonly stream?: { readonly contentType: string; readonly body: ByteStream; readonly length?: number };
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service's method for one operation: takes valid input, answers a body or a whole {@link Result}. */
export type Handler = (input: never, context: CallContext) => Promise<Result>;

/** Every operation's handler, keyed by operation name. An operation without one is `not_supported`. */
export type Services = Readonly<Record<string, Handler>>;
