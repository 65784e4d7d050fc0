/**
 * Frees the memory of bytes that nobody uses any more, where the runtime can and they are all that lies in it. The collector sees
 * how small such an object is and not what hangs on it, and is in no hurry.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  // Newer than the language level that is compiled for.
  if (byteLength === buffer.byteLength) (buffer as { transfer?(bytes: number): unknown }).transfer?.(0);
}
