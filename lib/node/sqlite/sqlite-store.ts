import { resolve as resolvePath } from "node:path";
import { Worker } from "node:worker_threads";
import type { AnodeError } from "../../errors.js";
import { encodeLine } from "../../events/encode.js";
import { type Limits, resolveLimits } from "../../limits.js";
import { checkGapless, storeClosed } from "../../store/refusals.js";
import type { Append, Batch, Store, Stored } from "../../store/store.js";
import { ensureLocalFile } from "./file-system.js";
import type { Durability, EncodedBatch, RecordRow, SqliteSettings } from "./sqlite-protocol.js";
import { acquireLock, type Lock } from "./store-lock.js";
import { WorkerLink } from "./worker-link.js";

/** What {@link openSqliteStore} needs to know. */
export interface SqliteStoreOptions {
  /** The store file; its folder must exist. The lock file `<path>.lock` lies beside it. */
  readonly path: string;
  readonly limits?: Partial<Limits>;
  /**
   * `full`: an acknowledged commit survives a power cut; `normal`: it survives the end of the process only.
   * @defaultValue "full"
   */
  readonly durability?: Durability;
  /**
   * The worker thread, or the file it starts from. One that already runs opens nothing before it is told to, so a
   * program may start it before anything else. The store owns it and ends it.
   * @defaultValue the package's own file
   */
  readonly worker?: Worker | URL | string;
  /** Called once when the file failed or the worker died: from then on every call rejects with `store_failed`. */
  readonly onFailed?: (error: AnodeError) => void;
}

/** A {@link Store} in one SQLite file, held by this process alone. */
export interface SqliteStore extends Store {
  readonly path: string;
  /** The settings in force, as SQLite reads them back. */
  readonly settings: SqliteSettings;
  /** What SQLite finds wrong with the file, line by line; reads all of it, for diagnosis only. */
  check(): Promise<readonly string[]>;
}

/**
 * Opens the store file, creating or migrating it, in a worker thread: the event loop never waits for the disk.
 * @throws `store_unsafe_version` for a SQLite that can lose committed data; `store_failed`, whose `details.reason` is
 * `locked` (with `owner_pid`), `newer`, `foreign`, `settings`, `unsafe_path` or `network_file_system` where it is known;
 * `storage_full`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { durability = "full", worker = new URL("./sqlite-worker.js", import.meta.url) } = options;
  const { streamEvents, streamBytes, storeBytes, commitOperations, commitBytes } = resolveLimits(options.limits);
  const path = resolvePath(options.path);
  let isOpen = false;
  const link = new WorkerLink(worker instanceof Worker ? worker : startWorker(worker), (error) => {
    if (isOpen) options.onFailed?.(error);
  });
  let lock: Lock | undefined;
  try {
    lock = acquireLock(`${path}.lock`);
    ensureLocalFile(path);
    const request = { path, durability, streamEvents, streamBytes, storeBytes, commitOperations, commitBytes };
    const settings = await link.call("open", request);
    isOpen = true;
    return createFace(link, { path, settings, lock });
  } catch (error) {
    // The worker first: a file may only be let go of when nobody has it open.
    await link.end();
    lock?.release();
    throw error;
  }
}

/** It takes the options of its process, unless they say how to read the text of an `--eval`: no worker takes those. */
function startWorker(url: URL | string): Worker {
  const isText = process.execArgv.some((option) => option.startsWith("--input-type"));
  return new Worker(url, isText ? { execArgv: [] } : {});
}

function createFace(link: WorkerLink, { path, settings, lock }: { path: string; settings: SqliteSettings; lock: Lock }): SqliteStore {
  let closing: Promise<void> | undefined;

  function assertOpen(): void {
    if (closing) throw storeClosed();
  }

  async function close(): Promise<void> {
    // A store that failed has nothing left to finish.
    await link.call("close", undefined).catch(() => {});
    await link.end();
    lock.release();
  }

  return {
    path,
    settings,
    supports: { durable: true },
    async commit(batch) {
      assertOpen();
      await link.call("commit", encodeBatch(batch));
    },
    async read(stream, after, limitBytes) {
      assertOpen();
      const page = await link.call("read", { stream, after, limitBytes });
      const { buffer, byteLength, byteOffset } = page.lines;
      // The ends of its lines are looked for by whoever reads on, and a Buffer finds them five times as fast.
      return { ...page, lines: Buffer.from(buffer, byteOffset, byteLength) };
    },
    async get(collection, id) {
      assertOpen();
      const row = await link.call("get", { collection, id });
      return row && toStored(row);
    },
    async list(collection, query) {
      assertOpen();
      const { rows, more } = await link.call("list", { collection, query });
      return { items: rows.map(toStored), more };
    },
    async count(collection, field) {
      assertOpen();
      return Object.fromEntries(await link.call("count", { collection, field }));
    },
    async usage() {
      assertOpen();
      return link.call("usage", undefined);
    },
    async check() {
      assertOpen();
      return link.call("check", undefined);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function encodeBatch({ appends = [], puts = [], deletes = [], drops = [], trims = [] }: Batch): EncodedBatch {
  return {
    appends: appends.map(encodeAppend),
    puts: puts.map(({ collection, id, record, expectedRevision }) => ({ collection, id, json: JSON.stringify(record), expectedRevision })),
    deletes,
    drops,
    trims,
  };
}

function encodeAppend(append: Append): EncodedBatch["appends"][number] {
  checkGapless(append);
  const { stream, expectedSeq, events } = append;
  return { stream, expectedSeq, count: events.length, lines: `${events.map(encodeLine).join("\n")}\n` };
}

function toStored([ordinal, id, revision, json]: RecordRow): Stored {
  return { id, ordinal, revision, record: JSON.parse(json) as object };
}
