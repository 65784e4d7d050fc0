import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Worker } from "node:worker_threads";
import { AnodeError, createMemoryStore, type Host, type Limits, type Store } from "../../lib/index.js";
import { openSqliteStore } from "../../lib/node/index.js";
import type { Home } from "./home.js";
import { refusedByStore } from "./start-refused.js";

/** Which store to use. */
export type StoreChoice = { readonly kind: "memory" } | { readonly kind: "sqlite"; readonly path: string };

/** An open store and the name by which its runs' processes are known. */
export interface OpenStore {
  readonly store: Store;
  readonly storeId: string;
}

/** What opening takes. */
export interface OpenStoreOptions {
  readonly choice: StoreChoice;
  readonly home: Home;
  readonly limits: Limits;
  readonly host: Host;
  /** The worker of the SQLite store, or its file. @defaultValue the package's own */
  readonly sqliteWorker?: Worker | URL | string | undefined;
  /** Called when the file is lost. */
  readonly onFailed: (error: AnodeError) => void;
}

/**
 * Reads `memory`, `sqlite` or `sqlite:<path>`.
 * @throws `invalid_request` for anything else
 */
export function parseStore(text: string, home: Home, cwd: string): StoreChoice {
  if (text === "memory") return { kind: "memory" };
  if (text === "sqlite") return { kind: "sqlite", path: home.store };
  const path = /^sqlite:(.+)$/s.exec(text)?.[1];
  if (path !== undefined) return { kind: "sqlite", path: resolve(cwd, path) };
  const shown = JSON.stringify(text.slice(0, 120));
  throw new AnodeError("invalid_request", `The store must be memory, sqlite or sqlite:<path>, got ${shown}.`);
}

/**
 * Opens the chosen store.
 * @throws {@link StartRefused} 74 for an unusable one, 75 for one that is held, 78 for a newer or foreign one; `store_unsafe_version`
 */
export async function openStore({ choice, home, limits, host, sqliteWorker, onFailed }: OpenStoreOptions): Promise<OpenStore> {
  if (choice.kind === "memory") {
    // The home folder is what lasts: the next daemon there ends what this one may leave behind.
    const storeId = createHash("sha256").update(home.path).digest("hex").slice(0, 32);
    // Readers outlast the daemon: a cursor of its former life must not pass for one of this.
    return { store: createMemoryStore({ limits, feedAfter: Math.floor(host.clock.now() * 1000) }), storeId };
  }
  try {
    const store = await openSqliteStore({
      path: choice.path,
      limits,
      onFailed,
      ...(sqliteWorker !== undefined && { worker: sqliteWorker }),
    });
    return { store, storeId: await identityOf(store, host).catch((error: unknown) => closeAndThrow(store, error)) };
  } catch (error) {
    throw refusedByStore(error, choice.path);
  }
}

const collection = "daemon";
const id = "identity";

async function identityOf(store: Store, host: Host): Promise<string> {
  const known = (await store.get(collection, id))?.record as { store_id: string } | undefined;
  if (known) return known.store_id;
  const store_id = host.randomId(16);
  await store.commit({ puts: [{ collection, id, record: { store_id }, expectedRevision: 0 }] });
  return store_id;
}

async function closeAndThrow(store: Store, error: unknown): Promise<never> {
  await store.close();
  throw error;
}
