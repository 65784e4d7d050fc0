import type { IncomingMessage } from "node:http";
import { AnodeError } from "../../../lib/errors.js";

/** A request's body, and the way to break it off. */
export interface RequestBody {
  /** @param withinMs - time for the rest of it, counted from the first wait on */
  read(withinMs?: number): AsyncIterable<Uint8Array>;
  /** Makes the reader, if there is one, fail with this error. */
  fail(error: AnodeError): void;
}

/**
 * The body of a `node:http` request. Reads what is there without waiting; the stream's own iterator costs several times as much,
 * and any asynchronous generator keeps the memory of its request until a full collection.
 * `beforeFirst` is called when somebody really wants the body.
 */
export function createRequestBody(request: IncomingMessage, requestMs: number, beforeFirst: () => void): RequestBody {
  let failure: AnodeError | undefined;
  let timeMs = requestMs;
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => {};
  const onEvent = (): void => wake();

  function fail(error: AnodeError): void {
    failure = error;
    wake();
  }

  const more = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (timer) return;
      timer = setTimeout(() => fail(new AnodeError("request_timeout", "The request came too slowly.")), timeMs);
      for (const event of ["readable", "close", "error"] as const) request.on(event, onEvent);
    });

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk: Uint8Array | null = request.read();
      if (chunk !== null) return { done: false, value: chunk };
      if (failure) throw ended(failure);
      if (request.complete && request.readableLength === 0) return ended(atEnd);
      if (request.destroyed) throw ended(new AnodeError("malformed_request", "The connection ended before the body did."));
      await more();
    }
  }

  function ended<Value>(value: Value): Value {
    clearTimeout(timer);
    // The rest of a body nobody wants any more flows away only when nobody listens for it; a whole one goes with its request.
    if (!request.complete) request.off("readable", onEvent);
    return value;
  }

  return {
    read(withinMs = requestMs) {
      timeMs = withinMs;
      beforeFirst();
      return { [Symbol.asyncIterator]: () => ({ next, return: async () => ended(atEnd) }) };
    },
    fail,
  };
}

const atEnd: IteratorReturnResult<undefined> = { done: true, value: undefined };
