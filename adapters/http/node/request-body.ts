import type { IncomingMessage } from "node:http";
import { AnodeError } from "../../../lib/errors.js";

/** A request's body, and the way to break it off. */
export interface RequestBody {
  read(): AsyncIterable<Uint8Array>;
  /** Makes the reader, if there is one, fail with this error. */
  fail(error: AnodeError): void;
}

/**
 * The body of a `node:http` request. Reads what is there without waiting; the stream's own iterator costs several times as much.
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

  async function* read(): AsyncGenerator<Uint8Array> {
    beforeFirst();
    for (;;) {
      const chunk: Uint8Array | null = request.read();
      if (chunk !== null) yield chunk;
      else if (failure) throw failure;
      else if (request.complete && request.readableLength === 0) return;
      else if (request.destroyed) throw new AnodeError("malformed_request", "The connection ended before the body did.");
      else await more();
    }
  }

  return {
    read,
    fail(error) {
      failure = error;
      wake();
    },
  };
}
