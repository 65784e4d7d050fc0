import { AnodeError } from "../../lib/errors.js";
import type { Clock } from "../../lib/host.js";

const longestTimerMs = 2 ** 31 - 1;

/** What can end a piece of work before it is done. */
export interface Ends {
  /** The caller's own signal: `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** The client is closing: `aborted`. */
  readonly closing: AbortSignal;
  /** The caller's limit in milliseconds: `timeout`. Absent or 0 = none. */
  readonly timeoutMs?: number | undefined;
  readonly clock: Clock;
}

/** A signal made of all that can end a piece of work; its reason is always an `AnodeError`. */
export interface Scope {
  readonly signal: AbortSignal;
  abort(error: AnodeError): void;
  /** Forgets timer and listeners; to be called when the work is over. */
  release(): void;
}

/** Begins a {@link Scope}. */
export function createScope({ signal, closing, timeoutMs, clock }: Ends): Scope {
  const own = new AbortController();
  const onAbort = (): void => own.abort(new AnodeError("aborted", "The call was aborted.", { cause: signal?.reason }));
  const onClosing = (): void => own.abort(new AnodeError("aborted", "The client was closed."));
  const onTimeout = (): void => own.abort(new AnodeError("timeout", `The call took longer than its limit of ${timeoutMs} ms.`));
  signal?.addEventListener("abort", onAbort);
  closing.addEventListener("abort", onClosing);
  const cancelTimer = timeoutMs && timeoutMs <= longestTimerMs ? clock.schedule(onTimeout, timeoutMs) : () => {};
  if (closing.aborted) onClosing();
  if (signal?.aborted) onAbort();
  return {
    signal: own.signal,
    abort: (error) => own.abort(error),
    release() {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
      closing.removeEventListener("abort", onClosing);
    },
  };
}

/** Does the work within a scope: ends at the latest when the scope does, even if the work takes no notice. */
export async function within<Value>(ends: Ends, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const scope = createScope(ends);
  try {
    scope.signal.throwIfAborted();
    return await orAbort(work(scope.signal), scope.signal);
  } finally {
    scope.release();
  }
}

/** What the work gives. @throws the signal's reason when it aborts first */
export async function orAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The items until the signal aborts, even if their source takes no notice. @throws the signal's reason then */
export async function* untilAbort<Value>(items: AsyncIterable<Value>, signal: AbortSignal): AsyncGenerator<Value, void> {
  const source = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAbort(source.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    const left = Promise.resolve(source.return?.()).catch(() => {});
    // A source that takes no notice is still busy with its next item.
    if (!signal.aborted) await left;
  }
}

/** Waits. @throws the signal's reason when it aborts first */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const cancel = clock.schedule(wake, Math.min(delayMs, longestTimerMs));
  signal.addEventListener("abort", wake);
  await promise;
  cancel();
  signal.removeEventListener("abort", wake);
  signal.throwIfAborted();
}
