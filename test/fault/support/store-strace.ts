import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/** Whether strace is here and may look at our processes. */
export const hasStrace = spawnSync("strace", ["-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"]).status === 0;

/** Calls by which a store changes what lies on the disk. */
export const persistenceCalls = ["pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename"] as const;

/** The command under which all that a program writes is watched, with its bytes. */
export function recorded(log: string): string[] {
  const calls =
    "/^(open|creat|p?write|f?truncate|fallocate|f(data)?sync|sync_file|rename|unlink|mkdir|rmdir|link|symlink|copy_file|sendfile)";
  return ["strace", "--seccomp-bpf", "-f", "-qq", "-y", "-o", log, "-xx", "-s", "1048576", "-e", `trace=${calls}`];
}

/** What a store does to its files, in the order of their effect. */
export interface Call {
  readonly thread: string;
  readonly name: string;
  /** Of the file it is about. */
  readonly path: string;
  /** The other arguments as strace writes them. */
  readonly text: string;
  /** Its result; -1 where it failed. */
  readonly returned: number;
  readonly isDone: boolean;
  /** True where strace made it fail. */
  readonly isInjected: boolean;
}

/** What strace is to do, beside keeping a log. */
export interface StraceOptions {
  /** The store file. */
  readonly path: string;
  /** A further file whose writes are of interest. */
  readonly also?: string;
  readonly log: string;
  /** Such as `fsync:error=EIO:when=3`; the number counts the calls on the store's files. Several are divided by blanks. */
  readonly inject?: string;
  /** True to have all bytes in the log. */
  readonly withData?: boolean;
}

/** The command under which a program's calls on a store's files are watched, and nothing else is held up. */
export function straced({ path, also, log, inject, withData = false }: StraceOptions): string[] {
  const paths = [path, `${path}-wal`, `${path}-journal`, dirname(path), ...(also === undefined ? [] : [also])];
  return [
    "strace",
    // Only with a stop at every call is a signal delivered right there.
    ...(inject?.includes(":signal=") ? [] : ["--seccomp-bpf"]),
    ...["-f", "-qq", "-y", "-o", log],
    ...(withData ? ["-xx", "-s", "1048576"] : ["-s", "64"]),
    ...paths.flatMap((one) => ["-P", one]),
    ...["-e", `trace=${[...persistenceCalls, "write", "openat"].join(",")}`],
    ...(inject?.split(" ") ?? []).flatMap((one) => ["-e", `inject=${one}`]),
  ];
}

/** Makes every sync of a running daemon take its time, until the returned function is called. */
export function slowedDown(pid: number, syncMs: number): Promise<() => Promise<void>> {
  const inject = `inject=fsync,fdatasync:delay_enter=${syncMs * 1_000}`;
  return attached(pid, ["-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject]);
}

const longestAttachMs = 30_000;
const longestDetachMs = 1_000;

/**
 * Puts strace with these options on a running process and all that it starts, until the returned function is called. What it is asked
 * to leave it stops first; a process that waits for its own child's `exec` cannot stop, and strace would wait for it for ever.
 */
export async function attached(pid: number, options: readonly string[]): Promise<() => Promise<void>> {
  const strace = spawn("strace", ["-f", ...options, "-p", String(pid)], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => strace.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    strace.stderr.on("data", (chunk) => (said += String(chunk)).includes("attached") && resolve());
    void ended.then(() => reject(new Error(said)));
    setTimeout(() => reject(new Error(`strace has not attached to ${pid} within ${longestAttachMs} ms: ${said}`)), longestAttachMs).unref();
  });
  return async () => {
    strace.kill("SIGTERM");
    // By force it leaves them all at once, and they go on.
    const late = setTimeout(() => strace.kill("SIGKILL"), longestDetachMs);
    await ended;
    clearTimeout(late);
  };
}

/** Reads a log; a call that was cut in two by another thread's is one again, at its end. */
export function readLog(path: string): Call[] {
  const begun = new Map<string, string>();
  return (existsSync(path) ? readFileSync(path, "latin1") : "").split("\n").flatMap((line) => {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith("<unfinished ...>")) {
      begun.set(thread, rest.slice(0, -" <unfinished ...>".length));
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const call = parse(thread, resumed === undefined ? rest : `${begun.get(thread) ?? ""}${resumed}`);
    return call ? [call] : [];
  });
}

function parse(thread: string, text: string): Call | undefined {
  const [, name = "", body = "", result = ""] = /^(\w+)\((.*)\) += (.*)$/.exec(text) ?? [];
  if (name === "") return undefined;
  const opened = /^AT_FDCWD(?:<[^>]*>)?, "([^"]*)", (.*)$/.exec(body);
  const named = /^"([^"]*)"(.*)$/.exec(body);
  const described = /^\d+<([^>]*)>(?:\(deleted\))?(?:, )?(.*)$/.exec(body);
  const [, raw = "", rest = ""] = opened ?? named ?? described ?? [];
  const path = decode(raw).toString();
  const returned = Number.parseInt(result, 10);
  return { thread, name, path, text: rest, returned, isDone: returned !== -1, isInjected: result.includes("(INJECTED)") };
}

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12 };

/** The bytes of a string as strace writes it. */
export function decode(text: string): Buffer {
  if (/^(?:\\x[0-9a-f]{2})*$/.test(text)) return Buffer.from(text.replaceAll("\\x", ""), "hex");
  const bytes: number[] = [];
  for (const [, hex, octal, letter, plain] of text.matchAll(/\\x([0-9a-f]{2})|\\([0-7]{1,3})|\\(.)|([^\\])/g)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (letter !== undefined) bytes.push(escapes[letter] ?? letter.charCodeAt(0));
    else bytes.push((plain ?? "").charCodeAt(0));
  }
  return Buffer.from(bytes);
}
