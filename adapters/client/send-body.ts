import type { ClientRequest } from "node:http";

/**
 * Sends the bytes as fast as they are taken, and no longer than somebody wants them: an answer that comes before the last byte is
 * all there will be.
 */
export async function sendBody(request: ClientRequest, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<true>();
  const end = (): void => resolve(true);
  request.once("response", end).once("close", end);
  const source = bytes[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([over, source.next()]);
    if (next === true) break;
    if (next.done) return void request.end();
    if (!request.write(next.value) && (await Promise.race([over, drained(request)])) === true) break;
  }
  await source.return?.();
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => void request.once("drain", resolve));
}
