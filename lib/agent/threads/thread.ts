import { closeSync, fdatasync, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { type Message, messagesOf, parseLines, type PlacedMessage, type RunLine, type ThreadHead, type ThreadLine } from "./lines.js";
import type { HeldFile } from "../../node/index.js";
import { replaceFile } from "../../node/private-file.js";
import { lockThread } from "./thread-lock.js";

/** What is told of a thread without reading it. */
export interface ThreadMeta {
  readonly title: string;
  readonly updated_at: string;
  readonly archived: boolean;
}

/** The thread of one run: what it begins with, and where its messages go. */
export interface Thread {
  /** What `session_id` names; absent for one that is kept in memory only. */
  readonly id?: string;
  /** Where its to-do list lies. */
  readonly todoFile?: string;
  /** The conversation so far. */
  readonly messages: readonly PlacedMessage[];
  /** The line that the next written message will have. */
  readonly nextLine: number;
  /** The first message of the user has come: makes the file of a new thread. */
  begin(text: string): void;
  /** Writes messages together. */
  write(messages: readonly Message[]): void;
  /** Records that everything before line `keptFrom` is replaced by a summary. */
  compact(summary: string, keptFrom: number): void;
  /** Ends the run's part of it, safe on the disk; idempotent. Answers whether there is a file. */
  end(run: Omit<RunLine, "t" | "run_id" | "time">): Promise<boolean>;
  /** Lets go of it without a word; idempotent. */
  close(): void;
}

/** What a thread's file is made with. */
export interface ThreadOptions {
  readonly path: string;
  readonly runId: string;
  /** RFC 3339. */
  readonly now: () => string;
}

/** A thread that is kept in memory for the run. */
export function memoryThread(): Thread {
  return { messages: [], nextLine: 1, begin: () => {}, write: () => {}, compact: () => {}, end: async () => false, close: () => {} };
}

/** A thread that begins: file and lock are made when its first message comes. */
export function newThread(head: ThreadHead, options: ThreadOptions): Thread {
  return threadOn(options, { id: head.id, messages: [], lines: 0, head });
}

/** A thread that goes on, locked. @throws `session_busy` */
export function resumedThread(id: string, options: ThreadOptions): Thread {
  const lock = lockThread(lockPath(options.path));
  try {
    const text = readFileSync(options.path, "utf8");
    const lines = parseLines(text);
    return threadOn(options, { id, messages: messagesOf(lines), lines: lines.length, lock, isTorn: text !== "" && !text.endsWith("\n") });
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Beginning {
  readonly id: string;
  readonly messages: readonly PlacedMessage[];
  readonly lines: number;
  /** Written before the first message. */
  readonly head?: ThreadHead;
  readonly lock?: HeldFile;
  /** The last line was not written to its end. */
  readonly isTorn?: boolean;
}

function threadOn({ path, runId, now }: ThreadOptions, beginning: Beginning): Thread {
  const { id, messages, head } = beginning;
  let { lock, lines } = beginning;
  let file: number | undefined;
  let isOver = false;

  const append = (added: readonly ThreadLine[]): void => {
    if (isOver) return;
    if (file === undefined) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      lock ??= lockThread(lockPath(path));
      file = openSync(path, "a", 0o600);
      if (beginning.isTorn) writeWhole(file, "\n");
    }
    writeWhole(file, added.map((line) => `${JSON.stringify(line)}\n`).join(""));
    lines += added.length;
  };
  const close = (): void => {
    isOver = true;
    if (file !== undefined) closeSync(file);
    file = undefined;
    lock?.release();
  };

  return {
    id,
    todoFile: path.replace(/\.jsonl$/, ".todos.json"),
    messages,
    get nextLine() {
      return lines + 1;
    },
    begin(text) {
      if (!head || file !== undefined) return;
      append([head]);
      writeMeta(path, { title: titleOf(text), updated_at: now(), archived: false });
    },
    write(added) {
      if (added.length > 0) append(added.map(({ role, content }) => ({ t: "message", run_id: runId, time: now(), role, content })));
    },
    compact: (summary, keptFrom) => append([{ t: "compaction", time: now(), summary, kept_from: keptFrom }]),
    async end(run) {
      if (isOver || (head && file === undefined)) {
        close();
        return false;
      }
      append([{ t: "run", run_id: runId, ...run, time: now() }]);
      // Whatever else runs here does not wait for this disk.
      if (file !== undefined) await flush(file);
      writeMeta(path, { title: "", ...readMeta(path), updated_at: now(), archived: false });
      close();
      return true;
    },
    close,
  };
}

const flush = promisify(fdatasync);

/** Appends the text or nothing of it: half a line would take the next one with it. */
function writeWhole(file: number, text: string): void {
  const { size } = fstatSync(file);
  try {
    writeFileSync(file, text);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}

/** Beside `<id>.jsonl`. */
const lockPath = (path: string): string => path.replace(/\.jsonl$/, ".lock");
const metaPath = (path: string): string => path.replace(/\.jsonl$/, ".meta.json");

/** What is told of the thread at `path`; absent when nothing usable is there. */
export function readMeta(path: string): ThreadMeta | undefined {
  try {
    const meta = JSON.parse(readFileSync(metaPath(path), "utf8")) as Partial<ThreadMeta> | null;
    if (typeof meta?.title !== "string" || typeof meta.updated_at !== "string") return undefined;
    return { title: meta.title, updated_at: meta.updated_at, archived: meta.archived === true };
  } catch {
    return undefined;
  }
}

/** Replaces it whole, so that a reader never sees half of it. */
export function writeMeta(path: string, meta: ThreadMeta): void {
  replaceFile(metaPath(path), JSON.stringify(meta));
}

/** The first 80 characters of the first prompt, on one line. */
function titleOf(text: string): string {
  return [...text.replaceAll(/\s+/g, " ").trim()].slice(0, 80).join("");
}
