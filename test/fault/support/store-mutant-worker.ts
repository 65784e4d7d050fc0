import { DatabaseSync } from "node:sqlite";
import { workerData } from "node:worker_threads";
import { AnodeError } from "../../../lib/errors.js";
import { SqliteDatabase } from "../../../lib/node/sqlite/sqlite-database.js";
import type { workerMutants } from "./store-mutants.js";

// The store's worker with one bug planted below it, before it starts.

type Commit = typeof SqliteDatabase.prototype.commit;

function replaceCommit(make: (commit: Commit) => Commit): void {
  SqliteDatabase.prototype.commit = make(SqliteDatabase.prototype.commit);
}

const plant: Record<(typeof workerMutants)[number], () => void> = {
  "runs with synchronous=OFF"() {
    const { prepare } = DatabaseSync.prototype;
    DatabaseSync.prototype.prepare = function (sql) {
      // After the settings were read back.
      if (sql.startsWith("BEGIN")) this.exec("PRAGMA synchronous=OFF");
      return prepare.call(this, sql);
    };
  },
  "retries after a sync error"() {
    replaceCommit(
      (commit) =>
        function (this: SqliteDatabase, batches) {
          try {
            return commit.call(this, batches);
          } catch {
            return commit.call(this, batches);
          }
        },
    );
  },
  "acknowledges a failed write"() {
    replaceCommit(
      (commit) =>
        function (this: SqliteDatabase, batches) {
          try {
            return commit.call(this, batches).map(() => undefined);
          } catch {
            return batches.map(() => undefined);
          }
        },
    );
  },
  "never gives space back"() {
    SqliteDatabase.prototype.tidy = () => false;
  },
  "fails for good on a full disk"() {
    replaceCommit(
      (commit) =>
        function (this: SqliteDatabase, batches) {
          const outcomes = commit.call(this, batches);
          if (outcomes.some((outcome) => outcome?.code === "storage_full")) throw new AnodeError("store_failed", "The disk is full.");
          return outcomes;
        },
    );
  },
};

plant[workerData as keyof typeof plant]();
await import("../../../lib/node/sqlite/sqlite-worker.js");
