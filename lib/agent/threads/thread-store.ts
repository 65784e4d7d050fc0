import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AnodeError } from "../../errors.js";
import { gitTopLevel } from "../workspace/workspace.js";
import { type Message, parseLines, type ThreadHead } from "./lines.js";
import { memoryThread, newThread, readMeta, resumedThread, type Thread, type ThreadMeta, writeMeta } from "./thread.js";
import { lockThread } from "./thread-lock.js";

/** A thread in a list. */
export interface ThreadInfo extends ThreadMeta {
  readonly session_id: string;
}

/** What a new thread is made with. */
export interface NewThread {
  readonly runId: string;
  readonly cwd: string;
  readonly profile: string;
  readonly model: string;
  readonly parent?: string;
}

/** The threads of a home folder: one file each, by workspace. */
export interface ThreadStore {
  /** Whether the thread is one of this workspace. */
  has(cwd: string, sessionId: string): boolean;
  /** A thread for a new conversation; in memory when nothing is to be saved. */
  begin(details: NewThread): Thread;
  /** @throws `session_not_found`, `session_busy` */
  resume(cwd: string, sessionId: string, runId: string): Thread;
  /** The threads of the workspace that are not archived, newest first. */
  list(cwd: string): ThreadInfo[];
  /** All messages, from the first. @throws `session_not_found` */
  read(cwd: string, sessionId: string): Message[];
  /** Makes a thread whose first message is there already; answers its id. */
  handOff(details: NewThread & { readonly from?: string; readonly text: string }): string;
  /** @throws `session_not_found` */
  archive(cwd: string, sessionId: string): void;
}

/** What a thread store is made with. */
export interface ThreadStoreOptions {
  readonly storePath: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** @defaultValue true */
  readonly autoSave?: boolean;
  /** Threads kept for each workspace, the least recently used go. @defaultValue 0, no limit */
  readonly maxSessions?: number;
}

const idPattern = /^T-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The threads at `storePath`. */
export function createThreadStore({ storePath, now, autoSave = true, maxSessions = 0 }: ThreadStoreOptions): ThreadStore {
  const time = (): string => new Date(now()).toISOString();
  const folderOf = (cwd: string): string => join(storePath, createHash("sha256").update(workspaceRoot(cwd)).digest("hex").slice(0, 16));
  const pathOf = (cwd: string, id: string): string => join(folderOf(cwd), `${id}.jsonl`);
  const has = (cwd: string, id: string): boolean => idPattern.test(id) && headOf(pathOf(cwd, id))?.workspace === workspaceRoot(cwd);
  const found = (cwd: string, id: string): string => {
    if (has(cwd, id)) return pathOf(cwd, id);
    throw sessionNotFound(id);
  };
  const head = ({ cwd, profile, model, parent }: NewThread, from?: string): ThreadHead => ({
    t: "thread",
    v: 1,
    id: threadId(now()),
    workspace: workspaceRoot(cwd),
    created_at: time(),
    profile,
    model,
    ...(parent !== undefined && { parent }),
    ...(from !== undefined && { handoff_from: from }),
  });
  const begin = (details: NewThread, from?: string): Thread => {
    if (maxSessions > 0) prune(folderOf(details.cwd), maxSessions - 1);
    const first = head(details, from);
    return newThread(first, { path: pathOf(details.cwd, first.id), runId: details.runId, now: time });
  };
  return {
    has,
    begin: (details) => (autoSave ? begin(details) : memoryThread()),
    resume: (cwd, id, runId) => resumedThread(id, { path: found(cwd, id), runId, now: time }),
    list: (cwd) => threadsIn(folderOf(cwd)).filter(({ archived }) => !archived),
    read: (cwd, id) =>
      parseLines(readFileSync(found(cwd, id), "utf8")).flatMap((line) =>
        line?.t === "message" ? [{ role: line.role, content: line.content }] : [],
      ),
    handOff({ from, text, ...details }) {
      const thread = begin(details, from);
      thread.begin(text);
      thread.write([{ role: "user", content: [{ type: "text", text }] }]);
      thread.close();
      return thread.id as string;
    },
    archive(cwd, id) {
      const path = found(cwd, id);
      writeMeta(path, { title: "", updated_at: time(), ...readMeta(path), archived: true });
    },
  };
}

/** What is said of a thread that is not there, or not of this workspace. */
export function sessionNotFound(id: string): AnodeError {
  return new AnodeError("session_not_found", `There is no thread ${JSON.stringify(id.slice(0, 64))} in this workspace.`, { status: 422 });
}

/** The top of the git work tree that holds the folder, else the folder itself. */
function workspaceRoot(cwd: string): string {
  return gitTopLevel(cwd) ?? cwd;
}

function threadsIn(folder: string): ThreadInfo[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const infos = names.flatMap((name) => {
    const session_id = name.endsWith(".jsonl") ? name.slice(0, -".jsonl".length) : "";
    const meta = session_id && readMeta(join(folder, name));
    return meta ? [{ session_id, ...meta }] : [];
  });
  return infos.sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
}

/** Removes the least recently used threads beyond `keep`; archived ones stay, and so does one that is in use. */
function prune(folder: string, keep: number): void {
  const old = threadsIn(folder).filter(({ archived }) => !archived);
  for (const { session_id } of old.slice(keep)) {
    const base = join(folder, session_id);
    try {
      lockThread(`${base}.lock`).release();
    } catch {
      continue;
    }
    for (const ending of [".jsonl", ".meta.json", ".todos.json", ".lock"]) rmSync(`${base}${ending}`, { force: true });
  }
}

const headBytes = 16 * 1024;

/** The first line of a thread's file. */
function headOf(path: string): ThreadHead | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(headBytes);
    const text = bytes.toString("utf8", 0, readSync(file, bytes));
    const [line] = parseLines(text.slice(0, text.indexOf("\n") + 1));
    return line?.t === "thread" ? line : undefined;
  } finally {
    closeSync(file);
  }
}

/** `T-` and a UUID of version 7: ordered by the time it was made. */
function threadId(nowMs: number): string {
  const hex = nowMs.toString(16).padStart(12, "0").slice(-12);
  const random = randomBytes(10);
  random[0] = ((random[0] as number) & 0x0f) | 0x70;
  random[2] = ((random[2] as number) & 0x3f) | 0x80;
  const rest = random.toString("hex");
  return `T-${hex.slice(0, 8)}-${hex.slice(8)}-${rest.slice(0, 4)}-${rest.slice(4, 8)}-${rest.slice(8)}`;
}
