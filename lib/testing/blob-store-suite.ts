import type { BlobStore, OpenBlob } from "../attachments/blob-store.js";
import { webDigest } from "../system-host.js";
import { expectEqual, expectRejection, expectTrue } from "./expect.js";
import type { Suite, SuiteCase } from "./suite.js";

/** A fresh blob store of the implementation under test. */
export interface BlobStoreInstance {
  readonly blobs: BlobStore;
  /** Closes the store and opens what it left; durable stores only. */
  reopen?(): Promise<BlobStore>;
  /** Closes what is open and takes away what it left. */
  dispose(): Promise<void>;
}

/** An implementation of `BlobStore`, as its suite needs it. */
export interface BlobStoreSubject {
  readonly supports: BlobStore["supports"];
  make(): Promise<BlobStoreInstance>;
}

const id = "att-0123456789abcdef0123456789abcdef";
const otherId = "att-fedcba9876543210fedcba9876543210";

/** What every `BlobStore` promises. */
export const blobStoreSuite: Suite<BlobStoreSubject> = {
  plugPoint: "BlobStore",
  cases: [
    {
      clause: "blobs.write",
      title: "tells size and SHA-256 of what it wrote, and gives the same bytes back",
      run: withBlobs(async (blobs) => {
        for (const [at, size] of [0, 1, 65_535, 65_536, 65_537, 1_000_000].entries()) {
          const bytes = patterned(size);
          const written = await blobs.write(`b${at}`, inChunks(bytes, 10_000));
          expectEqual(written, { size_bytes: size, sha256: await webDigest(bytes) }, `What was written of ${size} bytes`);
          expectEqual(await blobs.size(`b${at}`), size, "The size");
          const open = await blobs.read(`b${at}`);
          expectEqual(open?.size_bytes, size, "The size of the open blob");
          expectEqual(await digestOf(open), written.sha256, "The digest of what was read");
        }
      }),
    },
    {
      clause: "blobs.pull",
      title: "asks for the next chunk when the last one is put away, and minds no source that uses its memory again",
      run: withBlobs(async (blobs) => {
        const shared = new Uint8Array(1_000);
        let ahead = 0;
        async function* source(): AsyncGenerator<Uint8Array> {
          for (let chunk = 0; chunk < 50; chunk += 1) {
            ahead += 1;
            expectEqual(ahead, 1, "The chunks that are asked for at once");
            yield shared.fill(chunk);
            ahead -= 1;
          }
        }
        await blobs.write(id, source());
        const bytes = await bytesOf(await blobs.read(id));
        expectEqual(
          Array.from({ length: 50 }, (_, chunk) => bytes[chunk * 1_000 + 999]),
          Array.from({ length: 50 }, (_, chunk) => chunk),
          "The last byte of each chunk",
        );
      }),
    },
    {
      clause: "blobs.exclusive",
      title: "writes a blob once: a second write is refused and leaves the first as it is",
      run: withBlobs(async (blobs) => {
        await blobs.write(id, inChunks(patterned(10), 10));
        const second = await blobs.write(id, inChunks(patterned(20), 20)).then(
          () => "it resolved",
          () => "refused",
        );
        expectEqual(second, "refused", "A second write of an id");
        expectEqual([await blobs.size(id), await digestOf(await blobs.read(id))], [10, await webDigest(patterned(10))], "The first blob");
      }),
    },
    {
      clause: "blobs.exclusive",
      title: "lets one of two writers of the same id win, whole",
      run: withBlobs(async (blobs) => {
        const outcomes = await Promise.allSettled([10_000, 20_000].map((size) => blobs.write(id, inChunks(patterned(size), 100))));
        const written = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
        expectEqual(written.length, 1, "The writers that succeeded");
        expectEqual(await digestOf(await blobs.read(id)), written[0]?.sha256, "The blob");
      }),
    },
    {
      clause: "blobs.broken",
      title: "rejects with the error of its source, and leaves nothing",
      run: withBlobs(async (blobs) => {
        const error = new Error("the source broke");
        async function* broken(): AsyncGenerator<Uint8Array> {
          yield patterned(100_000);
          throw error;
        }
        const thrown = await blobs.write(id, broken()).catch((reason: unknown) => reason);
        expectTrue(thrown === error, "the error of the source comes through");
        expectEqual([await blobs.size(id), await blobs.read(id), await blobs.list()], [undefined, undefined, []], "What is left");
        await blobs.write(id, inChunks(patterned(5), 5));
        expectEqual(await blobs.size(id), 5, "The size after a second try");
      }),
    },
    {
      clause: "blobs.remove",
      title: "removes a blob, and nothing where there is none; what is open can be read to its end",
      run: withBlobs(async (blobs) => {
        const bytes = patterned(300_000);
        await blobs.write(id, inChunks(bytes, 50_000));
        await blobs.write(otherId, inChunks(bytes, 50_000));
        const open = await blobs.read(id);
        await blobs.remove(id);
        await blobs.remove(id);
        expectEqual([await blobs.read(id), await blobs.size(id), await blobs.list()], [undefined, undefined, [otherId]], "What is left");
        expectEqual(await digestOf(open), await webDigest(bytes), "What was open");
      }),
    },
    {
      clause: "blobs.read",
      title: "gives each reader all bytes, in copies, and takes a reader that leaves early or at once",
      run: withBlobs(async (blobs) => {
        await blobs.write(id, inChunks(patterned(200_000), 200_000));
        const [one, other, left] = [await blobs.read(id), await blobs.read(id), await blobs.read(id)];
        await left?.body[Symbol.asyncIterator]().return?.();
        for await (const chunk of other?.body ?? []) {
          chunk.fill(255);
          break;
        }
        expectEqual(await digestOf(one), await webDigest(patterned(200_000)), "What the other one reads");
        expectEqual(await digestOf(await blobs.read(id)), await webDigest(patterned(200_000)), "The blob afterwards");
      }),
    },
    {
      clause: "blobs.list",
      title: "lists the ids of all blobs",
      run: withBlobs(async (blobs) => {
        expectEqual(await blobs.list(), [], "The ids at first");
        for (const name of [id, otherId, "a"]) await blobs.write(name, inChunks(patterned(1), 1));
        expectEqual((await blobs.list()).toSorted(), ["a", id, otherId], "The ids");
      }),
    },
    {
      clause: "blobs.ids",
      title: "refuses an id that could be anything but an id, in every method",
      run: withBlobs(async (blobs) => {
        for (const wrong of ["", "..", ".", "a/b", "../a", "a\\b", "A", "a.b", "a\u0000", "a ", "ä", "x".repeat(65)]) {
          const what = `The id ${JSON.stringify(wrong)}`;
          await expectRejection(blobs.write(wrong, inChunks(patterned(1), 1)), "invalid_request", what);
          for (const call of [blobs.read, blobs.size, blobs.remove]) {
            // A throw is as good as a rejection.
            await expectRejection(Promise.resolve(wrong).then<unknown>(call), "invalid_request", what);
          }
        }
        expectEqual(await blobs.list(), [], "The ids");
      }),
    },
    {
      clause: "blobs.close",
      title: "closes more than once",
      run: withBlobs(async (blobs) => {
        await blobs.close();
        await blobs.close();
      }),
    },
    {
      clause: "blobs.durable",
      title: "has what it wrote after it was opened again",
      needs: "durable",
      async run(subject) {
        const { blobs, reopen, dispose } = await subject.make();
        try {
          if (!reopen) throw new Error("A durable store must be able to reopen.");
          const { sha256 } = await blobs.write(id, inChunks(patterned(100_000), 1_000));
          const again = await reopen();
          expectEqual([await again.list(), await digestOf(await again.read(id))], [[id], sha256], "What is there");
        } finally {
          await dispose();
        }
      },
    },
  ] satisfies SuiteCase<BlobStoreSubject>[],
};

function withBlobs(body: (blobs: BlobStore) => Promise<void>): (subject: BlobStoreSubject) => Promise<void> {
  return async (subject) => {
    const { blobs, dispose } = await subject.make();
    try {
      await body(blobs);
    } finally {
      await dispose();
    }
  };
}

function patterned(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) & 255);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function bytesOf(open: OpenBlob | undefined): Promise<Uint8Array> {
  if (!open) throw new Error("The blob must be there.");
  const bytes = new Uint8Array(open.size_bytes);
  let at = 0;
  for await (const chunk of open.body) {
    expectTrue(at + chunk.length <= bytes.length, "no more bytes come than were told");
    bytes.set(chunk, at);
    at += chunk.length;
  }
  expectEqual(at, bytes.length, "The bytes that came");
  return bytes;
}

async function digestOf(open: OpenBlob | undefined): Promise<string> {
  return webDigest(await bytesOf(open));
}
