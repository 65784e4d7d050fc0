import { crc32 } from "node:zlib";

// The key is part of the sum, so that a row under a wrong key is as damaged as a row with a wrong body.

/** CRC-32 of a segment of a stream. */
export function segmentCrc(stream: string, firstSeq: number, lastSeq: number, body: Uint8Array): number {
  return crc32(body, crc32(`${stream}\n${firstSeq}\n${lastSeq}`));
}

/** CRC-32 of a record. The sum of the joined text is that of its parts one after the other, in one call instead of two. */
export function recordCrc(collection: string, id: string, revision: number, json: string): number {
  return crc32(`${collection}\n${id}\n${revision}${json}`);
}
