import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ByteStream } from "../../lib/contract/operation.js";
import type { AnodeError } from "../../lib/errors.js";

/** Where a call came in. Its lists are read anew for each call, so a listener may fill them once it knows its port. */
export interface Door {
  readonly kind: "tcp" | "unix" | "fetch" | "memory";
  /** Every `Host` this listener answers to, lower case and with its port; `unix` and `memory` take any well-formed one. */
  readonly hosts: readonly string[];
  /** The listener's own origins; origins of others are named to the handler. */
  readonly origins: readonly string[];
}

/** The two ends of a connection. The same object for each call on it, so that it can key what is kept per connection. */
export interface Connection {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** A request as the wire had it: nothing decoded, nothing merged. */
export interface Call {
  readonly method: string;
  /** The request target, raw. */
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values in turn, in the order and case of the wire, duplicates kept. */
  readonly rawHeaders: readonly string[];
  readonly door: Door;
  /** The peer's address, where there is one. */
  readonly address?: string | undefined;
  readonly connection?: Connection;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
  /** True when the client asks to leave HTTP (`Upgrade`). */
  readonly upgrade?: boolean | undefined;
  /** What the door itself found wrong before anything could be read; answered as stage 0 of the gate. */
  readonly fault?: AnodeError | undefined;
  /**
   * The body; called at most once, and only after everything before the body was found right.
   * @param withinMs - time for the whole of it, where the door counts it; over it `request_timeout`. @defaultValue the door's
   */
  body(withinMs?: number): AsyncIterable<Uint8Array>;
}

/** A connection that has left HTTP. */
export interface Upgraded {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent already. */
  readonly head: Buffer;
}

/** What a door sends back. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text and bytes are sent with their length; an iterable is sent as it comes and ends the connection. */
  readonly body?: string | Uint8Array | ByteStream;
  /** The connection must not be used for another request. */
  readonly close?: boolean;
  /** Instead of an answer: who takes over the connection of an upgrade. */
  readonly takeOver?: (upgraded: Upgraded) => void;
}

/** The whole HTTP face as one function; it never rejects. */
export type Handle = (call: Call) => Promise<Reply>;

/** True for a body that is sent piece by piece. */
export function isStreamed(body: Reply["body"]): body is ByteStream {
  return typeof body === "object" && Symbol.asyncIterator in body;
}
