import { joinBytes } from "../events/packed-events.js";
import { webDigest } from "../system-host.js";
import { type BlobStore, checkBlobId } from "./blob-store.js";

/** Blobs in memory: for tests, and for managers that keep nothing. They are gone with the process. */
export function createMemoryBlobs(): BlobStore {
  const blobs = new Map<string, Uint8Array>();
  const writing = new Set<string>();

  return {
    supports: { durable: false },
    async write(id, bytes) {
      checkBlobId(id);
      if (blobs.has(id) || writing.has(id)) throw new Error(`There is a blob ${id} already.`);
      writing.add(id);
      try {
        const whole = await gathered(bytes);
        const sha256 = await webDigest(whole);
        blobs.set(id, whole);
        return { size_bytes: whole.length, sha256 };
      } finally {
        writing.delete(id);
      }
    },
    async read(id) {
      checkBlobId(id);
      const whole = blobs.get(id);
      return whole && { size_bytes: whole.length, body: pieces(whole) };
    },
    async size(id) {
      checkBlobId(id);
      return blobs.get(id)?.length;
    },
    async remove(id) {
      checkBlobId(id);
      blobs.delete(id);
    },
    list: async () => [...blobs.keys()],
    close: async () => {},
  };
}

async function gathered(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk.slice());
  return joinBytes(chunks);
}

const pieceBytes = 65_536;

// Copies: what a reader does with its bytes must not reach the blob.
async function* pieces(whole: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += pieceBytes) yield whole.slice(at, at + pieceBytes);
}
