/** Cancels a timer; calling it again does nothing. */
export type CancelTimer = () => void;

/** Time as the core sees it. The wall clock may jump, the monotonic one never steps back. */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
  /** Milliseconds from an arbitrary start; for durations. */
  monotonic(): number;
  /** Calls `task` once after `delayMs`; a delay beyond 2^31 - 1 ms is the caller's to split. */
  schedule(task: () => void, delayMs: number): CancelTimer;
}

/** One line of the log: an event name and plain data, never free text of a user. */
export type Log = (level: "debug" | "info" | "warn" | "error", event: string, data?: Readonly<Record<string, unknown>>) => void;

/**
 * What the core asks of its surroundings, so that every state machine runs under a manual clock and in any runtime.
 * A host is shared by all parts of one manager; it must not throw from `clock` or `log`.
 */
export interface Host {
  readonly clock: Clock;
  /** `bytes` random bytes as base64url text; unguessable in the default host, sequential in tests. */
  randomId(bytes: number): string;
  readonly log: Log;
  /** SHA-256 of the UTF-8 text, as lower-case hex. */
  digest(text: string): Promise<string>;
}
