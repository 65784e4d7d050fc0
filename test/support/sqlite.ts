import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "../../lib/node/sqlite/sqlite-store.js";

/** Node's arguments for a thread or process that runs our sources. */
export const sourceArguments = ["--disable-warning=ExperimentalWarning", "--import", new URL("./source-hooks.mjs", import.meta.url).href];

/** The store's worker, from its source. */
export function sourceWorker(): Worker {
  return new Worker(new URL("../../lib/node/sqlite/sqlite-worker.ts", import.meta.url), { execArgv: sourceArguments });
}

/** Opens a SQLite store with the worker from its source. */
export function openSourceStore(options: Omit<SqliteStoreOptions, "worker">): Promise<SqliteStore> {
  return openSqliteStore({ ...options, worker: sourceWorker() });
}

/** A folder of one test; `remove` takes it away with all that is in it. */
export function temporaryFolder(parent = tmpdir()): { readonly path: string; file(name: string): string; remove(): void } {
  const path = mkdtempSync(join(parent, "anode-test-"));
  return { path, file: (name) => join(path, name), remove: () => rmSync(path, { recursive: true, force: true }) };
}
