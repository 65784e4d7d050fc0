import { Attachments } from "../../lib/attachments/attachments.js";
import { createMemoryBlobs } from "../../lib/attachments/memory-blobs.js";
import type { CallBody } from "../../lib/contract/operation.js";
import {
  type Batch,
  type Caller,
  createMemoryStore,
  type Limits,
  type MeshPanes,
  type PeerRecord,
  type RunManagerOptions,
  type Store,
} from "../../lib/index.js";
import { attachmentUses } from "../../lib/mesh/attachment-uses.js";
import { createMemoryPanes } from "../../lib/panes/memory-panes.js";
import type { HookFile } from "../../lib/panes/schema.js";
import { noProbes } from "../../lib/peers/evidence.js";
import { createFaultyStore, createTestHost } from "../../lib/testing/index.js";
import { Tokens } from "../../lib/tokens/tokens.js";
import { openTestMesh, type TestMesh } from "./mesh.js";

/** Everything the contract says of the mesh, served over memory: attachments and panes too. */
export interface MeshRoom extends TestMesh {
  readonly store: ReturnType<typeof createFaultyStore>;
  /** What was written so far; emptied by whoever looks. */
  readonly commits: Batch[];
  readonly attachments: Attachments;
  readonly panes: ReturnType<typeof createMemoryPanes>;
  /** What is written beside the panes. */
  readonly written: Map<string, HookFile>;
  /** What the next hook that is started does; without it, it neither connects nor ends. */
  readonly hook: { starts?: () => void; removes?: () => void; spawns?: () => void };
  /** A file as it comes with a call. */
  file(text: string, name?: string, type?: string): CallBody;
  put(text: string, name?: string, type?: string, caller?: Caller): Promise<string>;
}

/** Opens it; `limits` apply to all of it. `alone` serves neither attachments nor panes. `manager` is laid over the manager's options. */
export async function openMeshRoom(
  limits: Partial<Limits> = {},
  alone = false,
  manager: Partial<RunManagerOptions> = {},
): Promise<MeshRoom> {
  const commits: Batch[] = [];
  const memory = createMemoryStore();
  const kept: Store = {
    ...memory,
    async commit(batch) {
      await memory.commit(batch);
      commits.push(batch);
    },
  };
  const store = createFaultyStore(kept);
  const panes = createMemoryPanes();
  const written: MeshRoom["written"] = new Map();
  const hook: MeshRoom["hook"] = {};
  let attachments: Attachments | undefined;
  const host = createTestHost();
  const tokens = new Tokens(store, host);
  const test = await openTestMesh({
    host,
    store,
    manager: { ...manager, limits },
    mesh: {
      ...(!alone && {
        panes: panesOf(panes, written, hook),
        probes: noProbes,
        peerToken: ({ peer_id }: PeerRecord) => tokens.createForPeer(peer_id),
      }),
      attached: async (ids, caller) =>
        (await (attachments as Attachments).resolve([...ids], caller)).map(
          ({ created_at: _created, expires_at: _expires, path: _path, ...file }) => file,
        ),
    },
    beside(mesh) {
      const { journal, limits: all } = mesh.manager;
      attachments = new Attachments({ journal, store, host, limits: all, blobs: createMemoryBlobs(), uses: attachmentUses(mesh) });
      return alone ? {} : { attachments };
    },
  });
  const files = attachments as unknown as Attachments;
  await files.open();
  const file: MeshRoom["file"] = (text, name, type) => ({
    open: async () => ({ filename: name, contentType: type, bytes: bytesOf(text) }),
  });
  return {
    ...test,
    store,
    commits,
    attachments: files,
    panes,
    written,
    hook,
    file,
    put: async (text, name, type, caller) =>
      (await test.call("attachments.put", {}, { body: file(text, name, type), ...(caller && { caller }) })).id,
  };
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/** What is written beside panes that are none, and hooks that do what the test says. */
function panesOf(backend: MeshRoom["panes"], written: MeshRoom["written"], hook: MeshRoom["hook"]): MeshPanes {
  return {
    backend,
    files: {
      async read(pane_id) {
        const found = written.get(pane_id);
        return found ? { probe: "ok", found } : { probe: "fail" };
      },
      write: async (one) => void written.set(one.pane_id, one),
      async remove(pane_id) {
        hook.removes?.();
        written.delete(pane_id);
      },
    },
    async startHook() {
      hook.spawns?.();
      const { promise: exited, resolve: leave } = Promise.withResolvers<void>();
      hook.starts?.();
      return { pid: 9_000, started: 9_000, exited, end: async () => leave() };
    },
    isAlive: () => "fail",
  };
}
