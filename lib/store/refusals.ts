import { AnodeError } from "../errors.js";
import type { Append } from "./store.js";

/**
 * Refuses an append whose events do not follow `expectedSeq` one by one: no store may ever hold a hole.
 * @throws `internal` naming the stream, the seq expected and the one that came; it is the writer's defect
 */
export function checkGapless({ stream, expectedSeq, events }: Append): void {
  if (events.length === 0) throw new AnodeError("internal", `An append to stream ${stream} must have at least one event, got none.`);
  let seq = expectedSeq;
  for (const event of events) {
    seq += 1;
    if (event.seq !== seq) throw new AnodeError("internal", `The next event of stream ${stream} must have seq ${seq}, got ${event.seq}.`);
  }
}

/** `stale_commit` of an append: the stream has moved on, or was dropped. */
export function staleSeq(stream: string, expectedSeq: number, lastSeq: number): AnodeError {
  const message = `Stream ${stream} must be at seq ${expectedSeq} for this commit, it is at ${lastSeq}.`;
  return new AnodeError("stale_commit", message, { details: { stream, last_seq: lastSeq } });
}

/** `stale_commit` of a put or a delete; revision 0 = the record does not exist. */
export function staleRevision(collection: string, id: string, expectedRevision: number, revision: number): AnodeError {
  const message = `Record ${collection}/${id} must be at revision ${expectedRevision} for this commit, it is at ${revision}.`;
  return new AnodeError("stale_commit", message, { details: { collection, id, revision } });
}

/** Of every call after `close()`. Nothing is lost: who comes again meets the next life, so it is `shutting_down`. */
export function storeClosed(): AnodeError {
  return new AnodeError("shutting_down", "The store must be open for this call, it is closed.");
}
