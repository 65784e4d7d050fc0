import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Written } from "../../../lib/attachments/blob-store.js";
import { createMemoryBlobs } from "../../../lib/attachments/memory-blobs.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { bodyOf, openRoom, owner, peer } from "./fixtures.js";

const hourMs = 3_600_000;
const signal = new AbortController().signal;
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code ?? String(error);
const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "passes", codeOf);

describe("an upload", () => {
  it("answers what is stored, which is what a download gives", async () => {
    const { upload, read, attachments } = await openRoom();
    const ref = await upload("some bytes", { name: "../secret/notes.txt", type: "Text/Plain; charset=utf-8" });
    expect(ref).toEqual({
      id: expect.stringMatching(/^att-[0-9a-f]{32}$/),
      filename: "notes.txt",
      size_bytes: 10,
      content_type: "text/plain",
      sha256: createHash("sha256").update("some bytes").digest("hex"),
      created_at: "2025-10-09T08:53:20.000Z",
      expires_at: "2025-10-10T08:53:20.000Z",
    });
    expect(await read(ref.id)).toBe("some bytes");
    expect(await attachments.info(ref.id, owner)).toEqual(ref);
    expect((await attachments.list(owner, { limit: 10 })).attachments).toEqual([ref]);
  });

  it("is a new attachment each time, also of nothing", async () => {
    const { upload, attachments } = await openRoom();
    const [one, other] = [await upload(""), await upload("")];
    expect(one.id).not.toBe(other.id);
    expect([one.size_bytes, one.filename, one.content_type]).toEqual([0, "file", "application/octet-stream"]);
    expect((await attachments.list(owner, { limit: 10 })).attachments.map(({ id }) => id)).toEqual([other.id, one.id]);
  });

  it("is refused over the size by what was declared, before it is read, else by what comes; nothing is left", async () => {
    const { attachments, upload, blobs } = await openRoom({ limits: { attachmentBytes: 20 } });
    const declared = bodyOf("x".repeat(21), undefined, 21);
    expect(await outcome(attachments.upload(declared, owner, undefined, signal))).toBe("attachment_too_large");
    expect(declared.opened).toBe(false);
    expect(await outcome(upload("x".repeat(21)))).toBe("attachment_too_large");
    expect(await blobs.list()).toEqual([]);
    expect(await outcome(upload("x".repeat(20)))).toBe("passes");
  });

  it("is refused over the bytes of all, those of an upload under way among them, and fits when others are gone", async () => {
    const { attachments, upload, blobs } = await openRoom({ limits: { attachmentStoreBytes: 30 } });
    const first = await upload("x".repeat(20));
    const declared = bodyOf("", undefined, 11);
    expect(await outcome(attachments.upload(declared, owner, undefined, signal))).toBe("attachment_storage_full");
    expect(declared.opened).toBe(false);
    const gate = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(8);
      await gate.promise;
    }
    const underWay = attachments.upload(bodyOf(slow()), owner, undefined, signal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await outcome(upload("x".repeat(3)))).toBe("attachment_storage_full");
    gate.resolve();
    await underWay;
    await attachments.remove(first.id, owner);
    expect(await outcome(upload("x".repeat(22)))).toBe("passes");
    expect(await blobs.list()).toHaveLength(2);
  });

  it("is refused over the number of all", async () => {
    const { upload } = await openRoom({ limits: { attachments: 2 } });
    await Promise.all([upload("a"), upload("b")]);
    expect(await outcome(upload("c"))).toBe("attachment_storage_full");
  });

  it("leaves nothing when its bytes break off or its caller goes away, even in the middle of a chunk", async () => {
    const { attachments, blobs, upload } = await openRoom({ limits: { attachmentStoreBytes: 10 } });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(8);
      throw new Error("reset");
    }
    expect(await outcome(attachments.upload(bodyOf(broken()), owner, undefined, signal))).toBe("malformed_request");
    const leaving = new AbortController();
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(8);
      await new Promise(() => {});
    }
    const upToThere = attachments.upload(bodyOf(silent()), owner, undefined, leaving.signal);
    await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await outcome(upToThere)).toBe("malformed_request");
    expect([await blobs.list(), (await attachments.list(owner, { limit: 10 })).attachments]).toEqual([[], []]);
    // The room they took is free again.
    expect(await outcome(upload("x".repeat(10)))).toBe("passes");
  });

  it("is refused and leaves nothing when the store has no space for its record; then before its body", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { attachments, blobs, upload, host } = await openRoom({ store });
    store.failCommits(1, "storage_full");
    expect(await outcome(upload("text"))).toBe("storage_full");
    expect([await blobs.list(), (await attachments.list(owner, { limit: 10 })).attachments]).toEqual([[], []]);
    const body = bodyOf("text");
    expect(await outcome(attachments.upload(body, owner, undefined, signal))).toBe("storage_full");
    expect(body.opened).toBe(false);
    await host.clock.advance(1_000);
    expect(await outcome(upload("text"))).toBe("passes");
  });
});

describe("an attachment", () => {
  it("is there for owners, for its uploader and for whoever may read what refers to it", async () => {
    const { attachments, upload, used } = await openRoom();
    const { id } = await upload("text", { caller: peer("peer-1") });
    const seenBy = (caller: typeof owner): Promise<unknown> => outcome(attachments.info(id, caller));
    expect([await seenBy(owner), await seenBy(peer("peer-1")), await seenBy(peer("peer-2"))]).toEqual([
      "passes",
      "passes",
      "attachment_not_found",
    ]);
    expect(await outcome(attachments.download(id, peer("peer-2")))).toBe("attachment_not_found");
    expect((await attachments.list(peer("peer-2"), { limit: 10 })).attachments).toEqual([]);
    used.set(id, ["peer-2"]);
    expect(await seenBy(peer("peer-2"))).toBe("passes");
    expect((await attachments.list(peer("peer-2"), { limit: 10 })).attachments).toHaveLength(1);
    // Seeing is not owning.
    expect(await outcome(attachments.remove(id, peer("peer-2")))).toBe("scope_required");
  });

  it("tells where its file lies to callers on this host alone", async () => {
    const blobs = { ...createMemoryBlobs(), path: (id: string) => `/private/${id}` };
    const { attachments, upload } = await openRoom({ blobs });
    const { id, path } = await upload("text");
    expect(path).toBe(`/private/${id}`);
    expect(await attachments.info(id, { ...owner, door: "tcp" })).not.toHaveProperty("path");
    expect((await attachments.resolve([id], owner))[0]).not.toHaveProperty("path");
  });

  it("is listed in pages, each once, also when others go meanwhile", async () => {
    const { attachments, upload } = await openRoom();
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.unshift((await upload(`${n}`)).id);
    const first = await attachments.list(owner, { limit: 3 });
    expect(first.attachments.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    await attachments.remove(ids[2] as string, owner);
    const second = await attachments.list(owner, { limit: 4, before: first.next });
    expect(second.attachments.map(({ id }) => id)).toEqual(ids.slice(3));
    expect(second.next).toBeUndefined();
  });

  it("is removed with its bytes, unless something open refers to it", async () => {
    const { attachments, upload, used, blobs } = await openRoom();
    const { id } = await upload("text", { caller: peer("peer-1") });
    used.set(id, []);
    expect(await outcome(attachments.remove(id, owner))).toBe("attachment_in_use");
    used.clear();
    await attachments.remove(id, peer("peer-1"));
    expect(await outcome(attachments.info(id, owner))).toBe("attachment_not_found");
    expect(await blobs.list()).toEqual([]);
  });

  it("is not removed while the store has no space", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { attachments, upload, read } = await openRoom({ store });
    const { id } = await upload("text");
    store.failCommits(1, "storage_full");
    expect(await outcome(upload("more"))).toBe("storage_full");
    expect(await outcome(attachments.remove(id, owner))).toBe("storage_full");
    expect(await read(id)).toBe("text");
  });

  it("goes with its bytes once there is space, when the disk fills with its removal", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { attachments, upload, blobs, host } = await openRoom({ store });
    const { id } = await upload("text");
    store.failCommits(1, "storage_full");
    expect(await outcome(attachments.remove(id, owner))).toBe("storage_full");
    expect(await blobs.list()).toHaveLength(1);
    await host.clock.advance(1_000);
    expect(await blobs.list()).toEqual([]);
  });

  it("expires after its life, is told to have expired for another one, and is forgotten then", async () => {
    const { attachments, upload, read, blobs, host } = await openRoom();
    const { id } = await upload("text");
    await host.clock.advance(24 * hourMs - 1);
    expect(await read(id)).toBe("text");
    await host.clock.advance(1);
    expect(await outcome(attachments.download(id, owner))).toBe("attachment_expired");
    await host.clock.advance(hourMs);
    expect(await blobs.list()).toEqual([]);
    expect(await outcome(attachments.info(id, owner))).toBe("attachment_expired");
    expect((await attachments.list(owner, { limit: 10 })).attachments).toEqual([]);
    expect(await outcome(attachments.resolve([id], owner))).toBe("attachment_not_found");
    await host.clock.advance(25 * hourMs);
    expect(await outcome(attachments.info(id, owner))).toBe("attachment_not_found");
  });

  it("lives on while something open refers to it, and a life longer", async () => {
    const { attachments, upload, read, host, used } = await openRoom();
    const { id, expires_at } = await upload("text");
    used.set(id, []);
    await host.clock.advance(30 * hourMs);
    expect(await read(id)).toBe("text");
    expect(Date.parse((await attachments.info(id, owner)).expires_at)).toBeGreaterThan(host.clock.now());
    expect((await attachments.info(id, owner)).expires_at > expires_at).toBe(true);
    used.clear();
    await host.clock.advance(26 * hourMs);
    expect(await outcome(attachments.info(id, owner))).toBe("attachment_expired");
  });

  it("does not end between two sweeps when a reference came after the last one", async () => {
    const { upload, read, host, used } = await openRoom();
    await host.clock.advance(hourMs / 2);
    const { id } = await upload("text");
    await host.clock.advance(23.6 * hourMs);
    used.set(id, []);
    // Its life is over now, and the next sweep is still to come.
    await host.clock.advance(0.41 * hourMs);
    expect(await read(id)).toBe("text");
    await host.clock.advance(hourMs);
    expect(await read(id)).toBe("text");
  });
});

describe("what names attachments", () => {
  it("gets them as they are stored, by id or by object, in its order", async () => {
    const { attachments, upload } = await openRoom();
    const [one, other] = [await upload("1", { name: "one" }), await upload("2", { name: "other" })];
    expect(await attachments.resolve([other.id, { id: one.id }], owner)).toEqual([other, one]);
    expect(await attachments.resolve([], owner)).toEqual([]);
  });

  it("is refused when one is not there for the sender, or there are more than sixteen", async () => {
    const { attachments, upload } = await openRoom();
    const { id } = await upload("text");
    await expect(attachments.resolve([id, "att-unknown"], owner)).rejects.toThrowError(
      expect.objectContaining({ code: "attachment_not_found", status: 422, message: expect.stringContaining("attachments.1") }),
    );
    expect(await outcome(attachments.resolve([id], peer("peer-1")))).toBe("attachment_not_found");
    const many = (count: number): Promise<unknown> =>
      outcome(
        attachments.resolve(
          Array.from<unknown, string>({ length: count }, () => id),
          owner,
        ),
      );
    expect([await many(16), await many(17)]).toEqual(["passes", "invalid_request"]);
  });
});

describe("after a restart", () => {
  it("has what was acknowledged, drops what was not, and tells of bytes that are missing", async () => {
    const [store, blobs, host] = [createMemoryStore(), createMemoryBlobs(), createTestHost()];
    const before = await openRoom({ store, blobs, host });
    const [kept, lost] = [await before.upload("kept"), await before.upload("lost")];
    before.attachments.close();
    await blobs.remove(lost.id);
    // What a crash leaves of an upload: bytes, and no record.
    await blobs.write("att-partial", emptyBytes());
    const after = await openRoom({ store, blobs, host });
    expect(await after.read(kept.id)).toBe("kept");
    expect(await outcome(after.attachments.download(lost.id, owner))).toBe("attachment_expired");
    expect(await blobs.list()).toEqual([kept.id]);
    expect((await after.attachments.list(owner, { limit: 10 })).attachments.map(({ id }) => id)).toEqual([kept.id]);
  });

  it("counts what is there against the room", async () => {
    const [store, blobs, host] = [createMemoryStore(), createMemoryBlobs(), createTestHost()];
    const limits = { attachmentStoreBytes: 10 };
    await (await openRoom({ store, blobs, host, limits })).upload("12345678");
    const again = await openRoom({ store, blobs, host, limits });
    expect(await outcome(again.upload("123"))).toBe("attachment_storage_full");
    expect(await outcome(again.upload("12"))).toBe("passes");
  });

  it("says expired for bytes that became fewer, before any sweep", async () => {
    const { attachments, upload, blobs } = await openRoom();
    const { id } = await upload("text");
    await blobs.remove(id);
    await blobs.write(id, emptyBytes());
    expect(await outcome(attachments.download(id, owner))).toBe("attachment_expired");
  });
});

describe("a sweep", () => {
  it("leaves the bytes of an upload under way alone", async () => {
    const blobs = createMemoryBlobs();
    const [arrived, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const write = async (id: string, bytes: AsyncIterable<Uint8Array>): Promise<Written> => {
      const written = await blobs.write(id, bytes);
      arrived.resolve();
      await gate.promise;
      return written;
    };
    const slow = await openRoom({ blobs: { ...blobs, write } });
    const upload = slow.upload("text");
    await arrived.promise;
    expect(await blobs.list()).toHaveLength(1);
    await slow.attachments.sweep();
    expect(await blobs.list()).toHaveLength(1);
    gate.resolve();
    expect(await slow.read((await upload).id)).toBe("text");
  });

  it("tries again to remove bytes that could not be removed", async () => {
    const inner = createMemoryBlobs();
    let failing = true;
    const blobs = { ...inner, remove: (id: string) => (failing ? Promise.reject(new Error("EIO")) : inner.remove(id)) };
    const { attachments, upload, host } = await openRoom({ blobs });
    const { id } = await upload("text");
    await attachments.remove(id, owner);
    expect(await inner.list()).toEqual([id]);
    expect(host.lines.map(({ event }) => event)).toContain("attachments.remove_failed");
    failing = false;
    await host.clock.advance(hourMs);
    expect(await inner.list()).toEqual([]);
  });

  it("comes again after one that failed", async () => {
    const inner = createMemoryBlobs();
    let failing = false;
    const blobs = { ...inner, list: () => (failing ? Promise.reject(new Error("EIO")) : inner.list()) };
    const { host } = await openRoom({ blobs });
    failing = true;
    await host.clock.advance(hourMs);
    expect(host.lines.map(({ event }) => event)).toContain("attachments.sweep_failed");
    failing = false;
    await inner.write("att-orphan", emptyBytes());
    await host.clock.advance(hourMs);
    expect(await inner.list()).toEqual([]);
  });

  it("ends with close", async () => {
    const { attachments, host } = await openRoom();
    const before = host.clock.pending;
    attachments.close();
    attachments.close();
    expect(host.clock.pending).toBe(before - 1);
  });
});

async function* emptyBytes(): AsyncGenerator<Uint8Array> {}
