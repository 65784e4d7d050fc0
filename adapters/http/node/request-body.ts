import type { IncomingMessage } from "node:http";
import { AnodeError } from "../../../lib/errors.js";

/** A request's body, and the way to break it off. */
export interface RequestBody {
  read(): AsyncIterable<Uint8Array>;
  /** Makes the reader, if there is one, fail with this error. */
  fail(error: AnodeError): void;
}

/**
 * The body of a `node:http` request. Reads what is there without waiting; the stream's own iterator costs several times as much,
 * and any asynchronous generator keeps the memory of its request until a full collection.
 * `beforeFirst` is called when somebody really wants the body.
 */
export function createRequestBody(request: IncomingMessage, beforeFirst: () => void): RequestBody {
  let failure: AnodeError | undefined;
  let wake: () => void = () => {};

  const more = (): Promise<void> =>
    new Promise((resolve) => {
      const events = ["readable", "end", "close", "error"] as const;
      wake = () => {
        for (const event of events) request.off(event, wake);
        resolve();
      };
      for (const event of events) request.on(event, wake);
    });

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk: Uint8Array | null = request.read();
      if (chunk !== null) return { done: false, value: chunk };
      if (failure) throw failure;
      if (request.complete && request.readableLength === 0) return atEnd;
      if (request.destroyed) throw new AnodeError("malformed_request", "The connection ended before the body did.");
      await more();
    }
  }

  return {
    read() {
      beforeFirst();
      return { [Symbol.asyncIterator]: () => ({ next }) };
    },
    fail(error) {
      failure = error;
      wake();
    },
  };
}

const atEnd: IteratorReturnResult<undefined> = { done: true, value: undefined };
