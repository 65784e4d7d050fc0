import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { isKernelThread, parseStat, type ProcessReader } from "./identity.js";
import { createPsReader } from "./ps-reader.js";

/** The variable that ties a process to the run it belongs to; its name is kept by programs that strip ours. */
export const cookieName = "ANODED_COOKIE";

/** The reader of this system. */
export function systemReader(): ProcessReader {
  return process.platform === "linux" ? procReader : createPsReader();
}

const scratch = Buffer.allocUnsafe(8192);
const cookieMark = Buffer.from(`${cookieName}=`);
let boot: string | undefined;

const procReader: ProcessReader = {
  seesCookies: true,
  bootId: () => (boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()),
  read(pid) {
    const text = readSmall(`/proc/${pid}/stat`);
    return text === undefined ? undefined : parseStat(text);
  },
  list() {
    return numbers().flatMap((pid) => {
      const text = readSmall(`/proc/${pid}/stat`);
      // Half of a quiet machine's table; none of them was ever started by a program.
      const info = text === undefined || isKernelThread(text) ? undefined : parseStat(text);
      return info ? [info] : [];
    });
  },
  bearers(prefix) {
    const found: string[] = [];
    for (const pid of numbers()) {
      const cookie = procReader.cookie(pid);
      if (cookie?.startsWith(prefix)) found.push(cookie);
    }
    return found;
  },
  cookie(pid) {
    const environment = readWhole(`/proc/${pid}/environ`);
    return environment && findCookie(environment);
  },
  catches(pid, signal) {
    const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readSmall(`/proc/${pid}/status`) ?? "")?.[1];
    return caught !== undefined && ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
  },
};

/** The numbers of all processes. */
function numbers(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

/** The cookie's value in a block of NUL-terminated `NAME=value` items. */
export function findCookie(environment: Buffer): string | undefined {
  for (let at = environment.indexOf(cookieMark); at >= 0; at = environment.indexOf(cookieMark, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString("utf8", at + cookieMark.length, end < 0 ? undefined : end);
  }
  return undefined;
}

/** A file of the kernel that fits one read; `undefined` when its process is gone. */
function readSmall(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return scratch.toString("utf8", 0, readSync(file, scratch, 0, scratch.length, null));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** One read for nearly every process; `undefined` for one that is gone, or another user's: then it is none of ours. */
function readWhole(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = readSync(file, scratch, 0, scratch.length, 0);
    return bytes < scratch.length ? scratch.subarray(0, bytes) : readFileSync(path);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
