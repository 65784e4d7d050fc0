import { Journal, feedStream } from "../../lib/events/journal.js";
import { createRingBuffer } from "../../lib/events/ring-buffer.js";
import { defaultLimits } from "../../lib/limits.js";
import { createMemoryPanes, type MemoryPane, type MemoryPanes } from "../../lib/panes/memory-panes.js";
import { PaneLocks } from "../../lib/panes/pane-locks.js";
import type { HookFiles, HookRequest, PaneSockets, StartedHook } from "../../lib/panes/ports.js";
import type { HookFile } from "../../lib/panes/schema.js";
import { PeerRegistry } from "../../lib/peers/registry.js";
import { createMemoryStore } from "../../lib/store/memory-store.js";
import { createFaultyStore, type FaultyStore } from "../../lib/testing/faulty-store.js";
import { createTestHost, type TestHost } from "../../lib/testing/test-host.js";

/** A hook that was started in a test. */
export interface FakeHook extends StartedHook, HookRequest {
  /** It ends by itself. */
  leave(): void;
  readonly hasEnded: boolean;
}

/** The parts around a pane, in memory: the real registry, panes, and fakes of what is outside. */
export interface PaneMesh {
  readonly machine: string;
  readonly host: TestHost;
  readonly store: FaultyStore;
  readonly panes: MemoryPanes;
  readonly pane: MemoryPane;
  readonly peers: PeerRegistry;
  readonly locks: PaneLocks;
  readonly written: Map<string, HookFile>;
  readonly files: HookFiles;
  readonly hooks: FakeHook[];
  startHook(request: HookRequest): Promise<StartedHook>;
  readonly sockets: PaneSockets;
  /** A socket of a peer opens, or closes when there is no pane. */
  connect(peer_id: string, pane_id?: string): void;
  /** Sockets that are open and do not answer. */
  readonly silent: Set<string>;
  /** Fails the next call of a part by its name. */
  readonly broken: Set<"write" | "remove" | "start" | "end">;
  alive: Set<number>;
}

export async function createPaneMesh(store = createFaultyStore(createMemoryStore())): Promise<PaneMesh> {
  const host = createTestHost();
  const machine = "box";
  const limits = defaultLimits;
  const journal = new Journal({ store, buffer: createRingBuffer(limits), host, limits, onFailed: () => {} });
  journal.open(feedStream, (await store.read(feedStream, 0, 1)).lastSeq);
  const peers = new PeerRegistry(
    { journal, store, host, limits },
    { machine, evidence: () => false, token: async ({ peer_id }) => `token of ${peer_id}` },
  );
  await peers.open();
  const panes = createMemoryPanes();
  const pane = panes.add({
    session: "api",
    window: "main",
    cwd: "/srv/api",
    processes: [{ pid: 11, ppid: 10, name: "claude", started: 110, foreground: true }],
    pid: 11,
  });

  const written = new Map<string, HookFile>();
  const broken: PaneMesh["broken"] = new Set();
  const fail = (part: "write" | "remove" | "start" | "end"): void => {
    if (broken.has(part)) throw new Error(`${part} is broken`);
  };
  const files: HookFiles = {
    async read(pane_id) {
      const found = written.get(pane_id);
      return found ? { probe: "ok", found } : { probe: "fail" };
    },
    async write(file) {
      fail("write");
      written.set(file.pane_id, file);
    },
    async remove(pane_id, peer_id) {
      fail("remove");
      if (written.get(pane_id)?.peer_id === peer_id) written.delete(pane_id);
    },
  };

  const open = new Map<string, string>();
  const silent = new Set<string>();
  const waiting = new Set<() => void>();
  const sockets: PaneSockets = {
    of: (peer_id) => {
      const pane_id = open.get(peer_id);
      return pane_id === undefined ? undefined : { pane_id, receipts: true, hook_version: 1 };
    },
    connected: (peer_id, pane_id, signal) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (signal.aborted) waiting.delete(look);
          else if (open.get(peer_id) === pane_id) resolve();
        };
        waiting.add(look);
        look();
      }),
    ping: async (peer_id) => (open.has(peer_id) ? (silent.has(peer_id) ? "fail" : "ok") : "unavailable"),
  };

  const hooks: FakeHook[] = [];
  return {
    machine,
    host,
    store,
    panes,
    pane,
    peers,
    locks: new PaneLocks(),
    written,
    files,
    hooks,
    async startHook(request) {
      fail("start");
      let leave = (): void => {};
      let hasEnded = false;
      const exited = new Promise<void>((resolve) => {
        leave = () => {
          hasEnded = true;
          resolve();
        };
      });
      const pid = 9_000 + hooks.length;
      const hook: FakeHook = {
        ...request,
        pid,
        started: pid,
        exited,
        leave,
        get hasEnded() {
          return hasEnded;
        },
        async end() {
          fail("end");
          leave();
        },
      };
      hooks.push(hook);
      return hook;
    },
    sockets,
    connect(peer_id, pane_id) {
      if (pane_id === undefined) open.delete(peer_id);
      else open.set(peer_id, pane_id);
      for (const look of [...waiting]) look();
    },
    silent,
    broken,
    alive: new Set(),
  };
}
