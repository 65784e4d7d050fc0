import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import { AnodeError, isAnodeError } from "../../errors.js";
import { SqliteDatabase } from "./sqlite-database.js";
import type { PlainError, Reply, Request, WorkerMessage } from "./sqlite-protocol.js";

// The entry of the store's worker thread. It opens nothing until it is told to.

type CommitRequest = Extract<Request, { call: "commit" }>;
type OtherRequest = Exclude<Request, CommitRequest>;

const idleMs = 250;

if (parentPort) serve(parentPort);

function serve(port: MessagePort): void {
  let database: SqliteDatabase | undefined;
  let groupOperations = 1;
  let groupBytes = 1;
  let hasFailed = false;
  const commits: CommitRequest[] = [];
  const others: OtherRequest[] = [];
  let idleTimer: NodeJS.Timeout | undefined;

  port.on("message", (request: Request) => {
    clearTimeout(idleTimer);
    take(request);
    guarded(() => {
      // One group of commits, then one read: neither can keep the other waiting for long.
      while (commits.length + others.length > 0) {
        commitGroup();
        const other = commits.length === 0 || others[0]?.call !== "close" ? others.shift() : undefined;
        if (other) post({ replies: [answer(other)] });
        takeWaiting();
      }
    });
    if (!hasFailed) idleTimer = setTimeout(tidy, idleMs);
  });

  function take(request: Request): void {
    if (hasFailed) return;
    if (request.call === "commit") commits.push(request);
    else others.push(request);
  }

  function takeWaiting(): void {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) take(next.message as Request);
  }

  function commitGroup(): void {
    takeWaiting();
    if (commits.length === 0) return;
    const group = commits.splice(0, groupSize(commits, groupOperations, groupBytes));
    const outcomes = opened().commit(group.map(({ input }) => input));
    post({ replies: group.map(({ id }, index) => reply(id, outcomes[index])) });
  }

  function answer(request: OtherRequest): Reply {
    try {
      return { id: request.id, output: perform(request) };
    } catch (error) {
      // A file that could not be opened or a damaged row concerns this call alone, a failed file all of them.
      if (isAnodeError(error) && (error.code !== "store_failed" || request.call === "open")) return reply(request.id, error);
      throw error;
    }
  }

  function perform(request: OtherRequest): unknown {
    switch (request.call) {
      case "open":
        database = new SqliteDatabase(request.input);
        groupOperations = request.input.commitOperations;
        groupBytes = request.input.commitBytes;
        return database.settings;
      case "read":
        return opened().read(request.input.stream, request.input.after, request.input.limitBytes);
      case "get":
        return opened().get(request.input.collection, request.input.id);
      case "list":
        return opened().list(request.input.collection, request.input.query);
      case "count":
        return opened().count(request.input.collection, request.input.field);
      case "usage":
        return opened().usage();
      case "check":
        return opened().check();
      case "close":
        database?.close();
        database = undefined;
        return undefined;
    }
  }

  function opened(): SqliteDatabase {
    if (database) return database;
    throw new AnodeError("store_failed", "The store's worker must be told to open a file first.");
  }

  function tidy(): void {
    guarded(() => {
      if (database?.tidy()) idleTimer = setTimeout(tidy, idleMs);
    });
  }

  /** Fail-stop: after a failed write or sync nothing is tried again, and the main thread learns it as the last word. */
  function guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      hasFailed = true;
      commits.length = 0;
      others.length = 0;
      post({ failed: toPlain(error) });
    }
  }

  function post(message: WorkerMessage): void {
    port.postMessage(message, "replies" in message ? transferable(message.replies) : []);
  }
}

function groupSize(commits: readonly CommitRequest[], maxOperations: number, maxBytes: number): number {
  let operations = 0;
  let bytes = 0;
  for (const [index, { input }] of commits.entries()) {
    operations += input.appends.length + input.puts.length + input.deletes.length + input.drops.length + input.trims.length;
    for (const { lines } of input.appends) bytes += lines.length;
    for (const { json } of input.puts) bytes += json.length;
    if (index > 0 && (operations > maxOperations || bytes > maxBytes)) return index;
  }
  return commits.length;
}

function reply(id: number, error: unknown): Reply {
  return error === undefined ? { id, output: undefined } : { id, error: toPlain(error) };
}

function toPlain(error: unknown): PlainError {
  if (!isAnodeError(error)) return { code: "store_failed", message: `The store's worker failed: ${String(error)}.` };
  return { code: error.code, message: error.message, ...(error.details && { details: error.details }) };
}

/** Pages of events are handed over, not copied. */
function transferable(replies: readonly Reply[]): ArrayBuffer[] {
  return replies.flatMap((entry) => {
    const lines = "output" in entry ? (entry.output as { lines?: Uint8Array<ArrayBuffer> } | undefined)?.lines : undefined;
    return lines ? [lines.buffer] : [];
  });
}
