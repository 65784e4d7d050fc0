import type { AnodeError } from "../../lib/errors.js";

/** A request that is about to leave. */
export interface RequestInfo {
  readonly operation: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Names in lower case; the credential is replaced. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer whose head is there. */
export interface ResponseInfo {
  readonly operation: string;
  readonly attempt: number;
  readonly status: number;
  readonly durationMs: number;
}

/** A try that failed and is going to be repeated. */
export interface RetryInfo {
  readonly operation: string;
  /** Number of the try that failed. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: AnodeError;
}

/** Onlookers of a client. They see no credential and no body; one that throws changes nothing. */
export interface ClientHooks {
  readonly onRequest?: (info: RequestInfo) => void;
  readonly onResponse?: (info: ResponseInfo) => void;
  readonly onRetry?: (info: RetryInfo) => void;
}

/** Tells an onlooker; what it throws must not hide what it was told about. */
export function notify<Info>(hook: ((info: Info) => void) | undefined, info: Info): void {
  try {
    hook?.(info);
  } catch {
    // Its own trouble.
  }
}
