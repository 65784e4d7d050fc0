import { readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { flushCompileCache, registerHooks } from "node:module";
import { setTimeout as later } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import type { Home } from "../../../adapters/daemon/index.js";
import type { Starts } from "../../../adapters/daemon/unclean-starts.js";
import type { RecordedProcess } from "../../../lib/runs/options.js";
import type { Store } from "../../../lib/store/store.js";
import { workerWith } from "./store-mutants.js";

// Loaded before a daemon's sources: puts one bug into the composition, where a part is handed in.

type Sweep = (recorded: readonly RecordedProcess[]) => Promise<void>;

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
  "keeps what has ended": (store) => ({
    ...store,
    async commit(batch) {
      await store.commit(batch);
      if (batch.appends?.some(({ events }) => events.at(-1)?.type === "run.completed"))
        kept.push(Array.from({ length: 8_192 }, (_, n) => n));
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
    for (const { id, ordinal } of page.items) {
      await store.read(`run:${id}`, 0, 1 << 20);
      after = ordinal;
    }
    more = page.more;
  }
}

const sweeps: Record<string, (sweep: Sweep) => Sweep> = {
  "accepts before sweeping": (sweep) => async (recorded) => {
    setTimeout(() => void sweep(recorded), 3_000);
  },
};

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
const planted = {
  store: (store: Store): Store => stores[bug]?.(store) ?? store,
  sweep: (sweep: Sweep): Sweep => sweeps[bug]?.(sweep) ?? sweep,
  lock: async (take: () => () => void, home: Home): Promise<() => void> => {
    if (bug === "takes silence for death") await displaceSilent(home);
    return take();
  },
  starts: (starts: Starts): Starts => {
    // As if only a failure that was handled left a trace.
    if (bug === "counts only handled failures") starts.markClean();
    return starts;
  },
  opening: async (store: Store): Promise<void> => {
    // It will be killed before it could keep what it compiled.
    flushCompileCache();
    if (bug === "replays all logs") await replayAll(store);
  },
  worker: (): Worker => workerWith(bug),
};
Object.assign(globalThis, { planted });

/** Where the composition hands a part on. */
const places: readonly [file: string, from: string, to: string][] = [
  [
    "/adapters/daemon/create-runs.ts",
    "leftovers: (recorded) => sweep(recorded)",
    "leftovers: globalThis.planted.sweep((recorded) => sweep(recorded))",
  ],
  ["/test/support/daemon-program.ts", "sqliteWorker: sourceWorker()", "sqliteWorker: globalThis.planted.worker()"],
  [
    "/adapters/daemon/ground.ts",
    "beginStart(home.starts, host.clock.now())",
    "globalThis.planted.starts(beginStart(home.starts, host.clock.now()))",
  ],
  ["/adapters/daemon/ground.ts", "undo.add(lock(home.lock));", "undo.add(await globalThis.planted.lock(() => lock(home.lock), home));"],
  ["/adapters/daemon/kernel.ts", "await runs.manager.open();", "await globalThis.planted.opening(store); await runs.manager.open();"],
  ["/adapters/daemon/kernel.ts", "    store,\n", "    store: globalThis.planted.store(store),\n"],
];

registerHooks({
  load(url, context, next) {
    const changes = places.filter(([file]) => url.endsWith(file));
    if (changes.length === 0) return next(url, context);
    let source = readFileSync(fileURLToPath(url), "utf8");
    for (const [file, from, to] of changes) {
      if (!source.includes(from)) throw new Error(`${file} has no place for the planted bug: ${from}`);
      source = source.replace(from, to);
    }
    return { format: "module-typescript", source, shortCircuit: true };
  },
});
