import { constants, promises, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { get } from "node:http";
import { flushCompileCache, registerHooks } from "node:module";
import { Readable } from "node:stream";
import { setTimeout as later } from "node:timers/promises";
import type { Home } from "../../../adapters/daemon/home.js";
import type { openListeners } from "../../../adapters/daemon/listeners.js";
import type { openStore } from "../../../adapters/daemon/open-store.js";
import type { beginStart } from "../../../adapters/daemon/unclean-starts.js";
import type { openFolderBlobs } from "../../../lib/node/blobs/folder-blobs.js";
import type { sweepLeftovers } from "../../../lib/node/process/leftovers.js";
import type { Store } from "../../../lib/store/store.js";
import { workerMutants, workerWith } from "./store-mutants.js";

// Loaded before a daemon's sources: puts one bug in place of a part, where the composition imports it.

type Replace<Part> = (real: Part) => Part;

interface Planted {
  readonly openStore: Replace<typeof openStore>;
  readonly beginStart: Replace<typeof beginStart>;
  readonly sweepLeftovers: Replace<typeof sweepLeftovers>;
  readonly openListeners: Replace<typeof openListeners>;
  readonly openFolderBlobs: Replace<typeof openFolderBlobs>;
}

const kept: number[][] = [];

/** Bugs of the store that is handed to the manager. */
const stores: Record<string, (store: Store) => Store> = {
  "acknowledges before COMMIT": (store) => ({
    ...store,
    async commit(batch) {
      store.commit(batch).catch(() => {});
      await later(0);
    },
  }),
  "commits a while after it acknowledged": (store) => ({
    ...store,
    async commit(batch) {
      setTimeout(() => void store.commit(batch).catch(() => {}), 40);
    },
  }),
  "appends after the terminal event": (store) => ({
    ...store,
    async commit(batch) {
      await store.commit(batch);
      for (const { stream, events } of batch.appends ?? []) {
        const last = events.at(-1);
        if (last?.type !== "run.interrupted" || !stream.startsWith("run:")) continue;
        const late = {
          ...last,
          seq: last.seq + 1,
          id: `evt_${last.seq + 1}`,
          type: "process.output",
          time: last.time,
          payload: { text: "late" },
        };
        await store.commit({ appends: [{ stream, expectedSeq: last.seq, events: [late] }] });
      }
    },
  }),
  "allows what timed out": (store) => ({
    ...store,
    async get(collection, id) {
      const stored = await store.get(collection, id);
      return stored && "reason" in stored.record && stored.record.reason === "timed_out"
        ? { ...stored, record: { ...stored.record, outcome: "allowed" } }
        : stored;
    },
    async commit(batch) {
      const puts = (batch.puts ?? []).map((put) =>
        "reason" in put.record && put.record.reason === "timed_out" ? { ...put, record: { ...put.record, outcome: "allowed" } } : put,
      );
      await store.commit({ ...batch, puts });
    },
  }),
  "keeps what has ended": (store) => ({
    ...store,
    async commit(batch) {
      await store.commit(batch);
      if (batch.appends?.some(({ events }) => events.at(-1)?.type === "run.completed"))
        kept.push(Array.from({ length: 16_384 }, (_, n) => n));
    },
  }),
  "stores the key after the effect": (store) => ({
    ...store,
    async commit(batch) {
      const isKey = ({ collection }: { collection: string }): boolean => collection === "idempotency";
      const keys = (batch.puts ?? []).filter(isKey);
      await store.commit({ ...batch, puts: (batch.puts ?? []).filter((put) => !isKey(put)) });
      if (keys.length === 0) return;
      await later(20);
      await store.commit({ puts: keys });
    },
  }),
};

/** Reads every log before the manager may open. */
async function replayAll(store: Store): Promise<void> {
  let after: number | undefined;
  for (let more = true; more; ) {
    const page = await store.list("runs", { order: "asc", limit: 500, ...(after !== undefined && { after }) });
    await Promise.all(page.items.map(({ id }) => store.read(`run:${id}`, 0, 1 << 20)));
    after = page.items.at(-1)?.ordinal;
    more = page.more;
  }
}

/** Answers when it has read the bytes; they reach their file while the record is stored. */
function writingLate(blobs: Awaited<ReturnType<typeof openFolderBlobs>>): typeof blobs {
  return {
    ...blobs,
    async write(id, bytes) {
      const chunks: Uint8Array[] = [];
      const hash = createHash("sha256");
      for await (const chunk of bytes) {
        hash.update(chunk);
        chunks.push(chunk.slice());
      }
      setTimeout(() => void blobs.write(id, Readable.from(chunks)).catch(() => {}), 20);
      return { size_bytes: chunks.reduce((sum, { length }) => sum + length, 0), sha256: hash.digest("hex") };
    },
  };
}

/** Files are synced, and no folder is. */
function withoutFolderSyncs(): void {
  const { open } = promises;
  promises.open = async (path, flags, mode) => {
    const file = await open(path, flags, mode);
    if (typeof flags === "number" && (flags & constants.O_DIRECTORY) !== 0) file.sync = async () => {};
    return file;
  };
}

/** An owner that does not answer within a quarter of a second is held for dead, and what it left for rubbish. */
async function displaceSilent({ socket, lock, store }: Home): Promise<void> {
  const answers = await new Promise<boolean>((resolve) => {
    const request = get({ socketPath: socket, path: "/health", timeout: 250 }, () => resolve(true));
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
  });
  if (answers) return;
  for (const file of [socket, ...[lock, `${store}.lock`].flatMap((one) => [one, `${one}-wal`, `${one}-shm`])])
    rmSync(file, { force: true });
}

const bug = process.env["PLANTED_BUG"] ?? "";

/** What stands in place of an exported function; it is given the real one. */
const planted: Planted = {
  openStore: (open) => async (options) => {
    // The doors are loaded while the store opens.
    for (const [file, name] of places)
      if (name !== "openListeners" && !replaced.has(file)) throw new Error(`${file} is not part of the daemon any more.`);
    const isOfWorker = (workerMutants as readonly string[]).includes(bug);
    const { store, storeId } = await open(isOfWorker ? { ...options, sqliteWorker: workerWith(bug) } : options);
    // It will be killed before it could keep what it compiled.
    flushCompileCache();
    if (bug === "replays all logs") await replayAll(store);
    return { store: stores[bug]?.(store) ?? store, storeId };
  },
  sweepLeftovers: (sweep) => async (options) => {
    if (bug !== "accepts before sweeping") return sweep(options);
    setTimeout(() => void sweep(options), 3_000);
    return { runs: [], leaked: [] };
  },
  openListeners: (open) => async (options) => {
    const { handle } = options;
    const holding: typeof handle = async (call) => (call.target === "/questions/ask-blocking" ? new Promise(() => {}) : handle(call));
    const listeners = await open(bug === "never answers a question's call" ? { ...options, handle: holding } : options);
    return bug === "waits for its clients" ? { ...listeners, close: () => listeners.close(1 << 30) } : listeners;
  },
  openFolderBlobs: (open) => async (options) => {
    if (bug === "never syncs the folder of uploads") withoutFolderSyncs();
    const blobs = await open(options);
    return bug === "records an upload before its file is synced" ? writingLate(blobs) : blobs;
  },
  beginStart: (begin) => (path, now) => {
    const starts = begin(path, now);
    // As if only a failure that was handled left a trace.
    if (bug === "counts only handled failures") starts.markClean();
    return starts;
  },
};
Object.assign(globalThis, { planted });

/** The modules of which an export is replaced. */
const places: readonly [file: string, name: keyof Planted][] = [
  ["/adapters/daemon/open-store.ts", "openStore"],
  ["/adapters/daemon/unclean-starts.ts", "beginStart"],
  ["/adapters/daemon/listeners.ts", "openListeners"],
  ["/lib/node/process/leftovers.ts", "sweepLeftovers"],
  ["/lib/node/blobs/folder-blobs.ts", "openFolderBlobs"],
];

const replaced = new Set<string>();

// A module that is imported by its usual name exports all of the real one, but for one name.
registerHooks({
  load(url, context, next) {
    const place = places.find(([file]) => url.endsWith(file));
    if (!place) return next(url, context);
    const [file, name] = place;
    const real = JSON.stringify(`${url}?real.ts`);
    replaced.add(file);
    const source = `export * from ${real}; import { ${name} as real } from ${real}; export const ${name} = globalThis.planted.${name}(real);`;
    return { format: "module", source, shortCircuit: true };
  },
});

if (bug === "takes silence for death") {
  const { homeOf } = await import("../../../adapters/daemon/home.js");
  await displaceSilent(homeOf(process.env));
}
