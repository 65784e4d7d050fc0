import type { Caller } from "../caller.js";
import type { AnodeError } from "../errors.js";
import type { CloseCode } from "./link-close.js";

/** The socket itself, as far as the protocol sees it. */
export interface Wire {
  /** Bytes handed over that the other end has not taken. */
  readonly unsentBytes: number;
  send(text: string): void;
  /** Ends it; what is still unsent may be lost. */
  close(code: number, reason: string): void;
  /** Whether further frames are read: a client that asks for more than is done waits. */
  reading(goesOn: boolean): void;
}

/** Performs an operation of the contract: what a frame asks for has the rules and errors of that call. */
export type PerformCall = (name: string, input: Readonly<Record<string, unknown>>, caller: Caller) => Promise<unknown>;

/** Whoever opens a socket says who is at its other end. */
export interface Opening {
  /** Absent when the first frame brings the credential. */
  readonly caller?: Caller;
  readonly call: PerformCall;
  /** Judges the credential of a first frame. @throws `auth_invalid`, `too_many_failures` */
  readonly prove?: (token: string) => Promise<Caller>;
}

/** The protocol at the daemon's end of one socket: whoever serves the socket tells it what comes. */
export interface PeerLink {
  /** Whether it is known who is at the other end. */
  readonly isProven: boolean;
  receive(frame: Readonly<Record<string, unknown>>): void;
  /** Something that is no frame. */
  malformed(error: AnodeError): void;
  /** The other end has taken what was unsent. */
  written(): void;
  /** The socket is gone. */
  lost(): void;
  close(code: CloseCode, reason: string): void;
}

/** The sockets of peers, for whoever serves them. */
export interface PeerSockets {
  /** Sockets whose credential is still to come. */
  readonly unproven: number;
  /** Takes up a socket that was opened. */
  accept(wire: Wire, opening: Opening): PeerLink;
  /** The daemon is going away: ends them all. */
  close(): void;
}
