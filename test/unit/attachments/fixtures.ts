import { onTestFinished } from "vitest";
import { Attachments, type AttachmentsParts } from "../../../lib/attachments/attachments.js";
import type { BlobStore } from "../../../lib/attachments/blob-store.js";
import { createMemoryBlobs } from "../../../lib/attachments/memory-blobs.js";
import { allScopes, type Caller } from "../../../lib/caller.js";
import type { CallBody } from "../../../lib/contract/operation.js";
import type { Limits } from "../../../lib/limits.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { Store } from "../../../lib/store/store.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createTestHost, type TestHost } from "../../../lib/testing/test-host.js";

export const owner: Caller = { id: "owner", door: "unix", scopes: allScopes };
export const peer = (peer_id: string): Caller => ({ id: `token:T-${peer_id}`, door: "tcp", scopes: ["read", "control"], peer_id });

export interface Room {
  readonly attachments: Attachments;
  readonly blobs: BlobStore;
  readonly host: TestHost;
  readonly store: Store;
  /** What is referred to, and by whom it may be read. */
  readonly used: Map<string, readonly string[]>;
  upload(text: string, options?: { name?: string; type?: string; caller?: Caller }): ReturnType<Attachments["upload"]>;
  /** The text of an attachment. */
  read(id: string, caller?: Caller): Promise<string>;
}

/** Attachments over memory and a manual clock, swept once. */
export async function openRoom(given: { limits?: Partial<Limits>; blobs?: BlobStore; store?: Store; host?: TestHost } = {}): Promise<Room> {
  const { limits = {}, blobs = createMemoryBlobs(), store = createMemoryStore(), host = createTestHost() } = given;
  const manager = new RunManager({ store, host, limits });
  await manager.open();
  const used = new Map<string, readonly string[]>();
  const uses: AttachmentsParts["uses"] & object = {
    inUse: (id) => used.has(id),
    isFor: (id, { peer_id = "" }) => used.get(id)?.includes(peer_id) ?? false,
  };
  const attachments = new Attachments({ journal: manager.journal, store, host, limits: manager.limits, blobs, uses });
  await attachments.open();
  await attachments.sweep();
  onTestFinished(async () => {
    attachments.close();
    await manager.close();
  });
  return {
    attachments,
    blobs,
    host,
    store,
    used,
    upload: (text, { name, type, caller = owner } = {}) =>
      attachments.upload(bodyOf(text, type), caller, name, new AbortController().signal),
    async read(id, caller = owner) {
      let text = "";
      for await (const chunk of (await attachments.download(id, caller)).body) text += new TextDecoder().decode(chunk);
      return text;
    },
  };
}

/** A body that tells whether it was read. */
export function bodyOf(
  text: string | AsyncIterable<Uint8Array>,
  contentType?: string,
  leastBytes?: number,
): CallBody & { opened: boolean } {
  const body = {
    opened: false,
    ...(leastBytes !== undefined && { leastBytes }),
    async open() {
      body.opened = true;
      return { contentType, bytes: typeof text === "string" ? textBytes(text) : text };
    },
  };
  return body;
}

async function* textBytes(text: string): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 7) yield bytes.slice(at, at + 7);
}
