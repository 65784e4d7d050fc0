const lineFeed = 10;

/** Which lines to take: after `skip` lines at most `count`, and none once `limitBytes` is reached, but at least one. */
export interface LineRange {
  readonly skip: number;
  readonly count: number;
  readonly limitBytes: number;
}

/** Cuts whole lines out of `bytes`, a view of it. The common case, all of it, costs no scan. */
export function cutLines(bytes: Uint8Array, { skip, count, limitBytes }: LineRange): { bytes: Uint8Array; count: number } {
  // A Buffer finds the end of a line five times as fast as a plain byte array.
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 0;
  for (let skipped = 0; skipped < skip; skipped += 1) start = body.indexOf(lineFeed, start) + 1;
  if (body.length - start <= limitBytes) return { bytes: body.subarray(start), count };
  let end = start;
  let taken = 0;
  while (taken < count && (taken === 0 || end - start < limitBytes)) {
    end = body.indexOf(lineFeed, end) + 1;
    taken += 1;
  }
  return { bytes: body.subarray(start, end), count: taken };
}

/** The parts as one array with a buffer of its own, so that it can be handed to another thread. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only && only.length === only.buffer.byteLength) return only;
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
