import type { ProcessInfo } from "./identity.js";
import type { ProcessReader } from "./identity.js";

/** The processes of one moment. */
export interface Snapshot {
  readonly processes: readonly ProcessInfo[];
  /** The process's cookie, read once and only when asked for. */
  cookie(pid: number): string | undefined;
}

/** One view of the process table for all runs. */
export interface ProcessTable {
  readonly reader: ProcessReader;
  /** Looks now. */
  read(): Snapshot;
  /** Looks once for everybody who asked in this tick; never answers with a look from before the question. */
  shared(): Promise<Snapshot>;
}

/** A {@link ProcessTable} over a reader. */
export function createProcessTable(reader: ProcessReader): ProcessTable {
  let pending: Promise<Snapshot> | undefined;
  const read = (): Snapshot => {
    const cookies = new Map<number, string | undefined>();
    return {
      processes: reader.list(),
      cookie(pid) {
        if (!cookies.has(pid)) cookies.set(pid, reader.cookie(pid));
        return cookies.get(pid);
      },
    };
  };
  return {
    reader,
    read,
    shared() {
      pending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        pending = undefined;
        return read();
      });
      return pending;
    },
  };
}
