import type { BlobStore } from "../../../lib/attachments/blob-store.js";
import { createMemoryBlobs } from "../../../lib/attachments/memory-blobs.js";
import type { BlobStoreInstance } from "../../../lib/testing/blob-store-suite.js";

interface WrongBlobs {
  readonly make: () => Promise<BlobStoreInstance>;
  /** The clause that must notice. */
  readonly breaks: string;
  readonly durable?: boolean;
}

/** Blob stores that are wrong in one point, each around a right one. */
export const wrongBlobStores: Readonly<Record<string, WrongBlobs>> = {
  "hashes what it was told and not what it wrote": around("blobs.write", (blobs) => ({
    write: async (id, bytes) => ({ ...(await blobs.write(id, bytes)), sha256: "0".repeat(64) }),
  })),
  "loses the last byte": around("blobs.write", (blobs) => ({
    read: async (id) => {
      const open = await blobs.read(id);
      return open && { ...open, body: shortened(open.body) };
    },
  })),
  "writes over what is there": around("blobs.exclusive", (blobs) => ({
    write: async (id, bytes) => {
      await blobs.remove(id);
      return blobs.write(id, bytes);
    },
  })),
  "keeps a part of what broke off": around("blobs.broken", (blobs) => ({
    write: async (id, bytes) => {
      const came: Uint8Array[] = [];
      try {
        for await (const chunk of bytes) came.push(chunk.slice());
      } catch (error) {
        await blobs.write(id, chunks(came));
        throw error;
      }
      return blobs.write(id, chunks(came));
    },
  })),
  "keeps chunks that are not its own": around("blobs.pull", (blobs) => ({
    write: async (id, bytes) => {
      const came: Uint8Array[] = [];
      for await (const chunk of bytes) came.push(chunk);
      return blobs.write(id, chunks(came));
    },
  })),
  "removes nothing": around("blobs.remove", () => ({ remove: async () => {} })),
  "lists nothing": around("blobs.list", () => ({ list: async () => [] })),
  "takes any id": around("blobs.ids", (blobs) => ({
    write: (id, bytes) => blobs.write(id.replace(/[^a-z0-9-]/g, "x").slice(0, 64) || "x", bytes),
  })),
  "forgets everything when it is opened again": { ...around("blobs.durable", () => ({})), durable: true },
};

function around(breaks: string, wrong: (blobs: BlobStore) => Partial<BlobStore>): WrongBlobs {
  return {
    breaks,
    async make() {
      const blobs = createMemoryBlobs();
      return { blobs: { ...blobs, ...wrong(blobs) }, reopen: async () => createMemoryBlobs(), dispose: () => blobs.close() };
    },
  };
}

async function* chunks(came: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* came;
}

async function* shortened(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield chunk.subarray(0, chunk.length - 1);
}
