import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import { createHandler, createNodeDoor, toFetchHandler } from "../../adapters/http/index.js";
import { Attachments } from "../../lib/attachments/attachments.js";
import type { BlobStore } from "../../lib/attachments/blob-store.js";
import { createMemoryBlobs } from "../../lib/attachments/memory-blobs.js";
import { allScopes } from "../../lib/caller.js";
import { RunManager } from "../../lib/runs/manager.js";
import { eventually } from "../support/daemon.js";
import { temporaryFolder } from "../support/sqlite.js";
import { closeServer } from "../support/close-server.js";

const mebibyte = 1024 * 1024;
/** What the buffers of two sockets and of the streams on both sides may hold; the files are five times as large. */
const buffersBytes = 4 * mebibyte;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** The contract with attachments over the given blobs. */
async function served(blobs: BlobStore): Promise<{ handle: ReturnType<typeof createHandler>; attachments: Attachments }> {
  const manager = new RunManager({});
  await manager.open();
  const { journal, store, host, limits } = manager;
  const attachments = new Attachments({ journal, store, host, limits, blobs });
  await attachments.open();
  onTestFinished(async () => {
    attachments.close();
    await manager.close();
  });
  const authenticate = (): { id: string; door: "unix"; scopes: typeof allScopes } => ({ id: "owner", door: "unix", scopes: allScopes });
  return { handle: createHandler({ manager, attachments, hosts: ["app.example"], authenticate }), attachments };
}

/** The same over a Unix socket. */
async function listening(blobs: BlobStore): Promise<{ socketPath: string; client: Client }> {
  const folder = temporaryFolder();
  const socketPath = join(folder.path, "d.sock");
  const { handle } = await served(blobs);
  const door = createNodeDoor(handle, { kind: "unix", hosts: [], origins: [] });
  const server = createServer(door.serverOptions);
  door.attach(server);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = await connect({ socketPath, env: {} });
  onTestFinished(async () => {
    await client.close();
    await closeServer(server);
    folder.remove();
  });
  return { socketPath, client };
}

describe("the bytes of an attachment", () => {
  const bytes = randomBytes(20 * mebibyte);

  it("are asked from a sender no faster than they are put away", async () => {
    const inner = createMemoryBlobs();
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* slowly(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        reached.resolve();
        await gate.promise;
        yield chunk;
      }
    }
    const { client } = await listening({ ...inner, write: (id, source) => inner.write(id, slowly(source)) });
    let given = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; given < bytes.length; given += 65_536) yield bytes.subarray(given, given + 65_536);
    }
    const upload = client.attachments.upload(source());
    await reached.promise;
    await pause(300);
    expect(given).toBeLessThan(buffersBytes);
    gate.resolve();
    expect(await upload).toMatchObject({ size_bytes: bytes.length, sha256: sha256(bytes) });
  });

  it("are read no faster than their reader takes them, and not on when it leaves", async () => {
    const inner = createMemoryBlobs();
    let taken = 0;
    let left = 0;
    async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of body) {
          taken += chunk.length;
          yield chunk;
        }
      } finally {
        left += 1;
      }
    }
    const read: BlobStore["read"] = async (id) => {
      const open = await inner.read(id);
      return open && { ...open, body: counted(open.body) };
    };
    const { client, socketPath } = await listening({ ...inner, read });
    const { id } = await client.attachments.upload(bytes);
    const begin = (): Promise<IncomingMessage> =>
      new Promise((resolve) => void request({ socketPath, path: `/attachments/${id}`, agent: false }, resolve).end());
    const reply = await begin();
    await pause(300);
    expect(taken).toBeLessThan(buffersBytes);
    const hash = createHash("sha256");
    for await (const chunk of reply) hash.update(chunk as Uint8Array);
    expect([hash.digest("hex"), taken]).toEqual([sha256(bytes), bytes.length]);
    await eventually(() => left === 1);
    taken = 0;
    (await begin()).destroy();
    await eventually(() => left === 2);
    expect(taken).toBeLessThan(buffersBytes);
  });

  it("pass a web-standard server as a form of any client, and back as a stream that is pulled", async () => {
    const { handle, attachments } = await served(createMemoryBlobs());
    const serve = toFetchHandler(handle, { kind: "fetch", hosts: ["app.example"], origins: [] });
    const form = new FormData();
    form.append("file", new Blob([bytes], { type: "application/zip" }), 'ü "1".zip');
    const made = await serve(new Request("http://app.example/attachments", { method: "POST", body: form }));
    const ref = (await made.json()) as { id: string };
    expect([made.status, ref]).toMatchObject([201, { size_bytes: bytes.length, sha256: sha256(bytes), content_type: "application/zip" }]);
    const reply = await serve(new Request(`http://app.example/attachments/${ref.id}`));
    expect(reply.headers.get("content-length")).toBe(String(bytes.length));
    expect(sha256(new Uint8Array(await reply.arrayBuffer()))).toBe(sha256(bytes));
    const head = await serve(new Request(`http://app.example/attachments/${ref.id}`, { method: "HEAD" }));
    expect([head.headers.get("content-length"), (await head.arrayBuffer()).byteLength]).toEqual([String(bytes.length), 0]);
    // A page's form with a field too many leaves nothing.
    form.append("other", "x");
    expect((await serve(new Request("http://app.example/attachments", { method: "POST", body: form }))).status).toBe(400);
    const caller = { id: "owner", door: "unix", scopes: allScopes } as const;
    expect((await attachments.list(caller, { limit: 10 })).attachments).toHaveLength(1);
  });
});
