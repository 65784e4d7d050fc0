import { AnodeError, isAnodeError } from "../errors.js";

/**
 * The bytes as they come, each chunk told to `count` before it is handed on; ends with the caller, even if their source takes no
 * notice.
 * @throws what `count` throws; `malformed_request` when the caller is gone before the last byte
 */
export async function* metered(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  count: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void> {
  const source = bytes[Symbol.asyncIterator]();
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(cutOff());
  gone.promise.catch(() => {});
  signal.addEventListener("abort", leave);
  if (signal.aborted) leave();
  try {
    for (;;) {
      const next = await Promise.race([gone.promise, source.next()]).catch((error: unknown) => Promise.reject(cutOff(error)));
      if (next.done) return;
      count(next.value);
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", leave);
    const left = Promise.resolve(source.return?.()).catch(() => {});
    // A source that takes no notice is still busy with its next chunk.
    if (!signal.aborted) await left;
  }
}

function cutOff(cause?: unknown): AnodeError {
  return isAnodeError(cause) ? cause : new AnodeError("malformed_request", "The bytes broke off before the last of them.", { cause });
}
