import { promises, readdirSync, readlinkSync, statSync } from "node:fs";
import { endianness } from "node:os";

/** The parts of `/proc` that tell whose a connection is. Every method may reject; a table of texts stands in for it in tests. */
export interface Proc {
  /** A file's whole text, by its path below `/proc`. */
  text(path: string): Promise<string>;
  /** The ids of all processes that can be seen. */
  pids(): Promise<readonly number[]>;
  /** The user of a process. */
  uid(pid: number): Promise<number>;
  /** The targets of the open descriptors of a process. */
  descriptors(pid: number): Promise<readonly string[]>;
  /** The pid namespace of a process, or of the caller itself. */
  pidNamespace(pid: number | "self"): Promise<string>;
  /** Byte order of the addresses in the socket tables. */
  readonly byteOrder: "LE" | "BE";
}

/** The kernel's `/proc`. */
export const systemProc: Proc = {
  text: (path) => promises.readFile(`/proc/${path}`, "utf8"),
  pids: async () => readdirSync("/proc").map(Number).filter(Number.isSafeInteger),
  uid: async (pid) => statSync(`/proc/${pid}`).uid,
  // One process in one step: a promise for each of its descriptors would cost more than reading them.
  descriptors: async (pid) => readdirSync(`/proc/${pid}/fd`).flatMap((name) => linkTarget(`/proc/${pid}/fd/${name}`)),
  pidNamespace: async (pid) => readlinkSync(`/proc/${pid}/ns/pid`),
  byteOrder: endianness(),
};

// A descriptor may be closed between the listing and the look.
function linkTarget(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
