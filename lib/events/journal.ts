import { AnodeError, isAnodeError } from "../errors.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Append, Batch, Delete, Put, Store } from "../store/store.js";
import { formatTime } from "../system-host.js";
import { boundPayload } from "./bound-payload.js";
import type { EventBuffer } from "./buffer.js";
import { createEvent } from "./encode.js";
import type { StreamEvent } from "./event.js";

/** The daemon-wide stream of status changes. */
export const feedStream = "feed";

/** An event before it has a place in its stream. */
export interface Draft {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly run_id?: string;
  readonly peer_id?: string;
}

/** What folding an event into its owner's record gives. */
export interface Folded {
  readonly run_id?: string;
  readonly status?: string;
  readonly puts?: readonly Put[];
  readonly feed?: readonly Draft[];
}

/** Whoever keeps a record of a stream: folds each event before it is appended, hears of it when it is durable. */
export interface StreamOwner {
  /** Synchronous. A throw refuses the event: it gets no seq and nothing of its step is appended. */
  fold(event: { readonly type: string; readonly payload: Draft["payload"]; readonly seq: number; readonly time: string }): Folded;
  committed?(events: readonly StreamEvent[]): void;
}

/** One atomic change: events of any streams, records, and what goes to the feed. */
export interface Step {
  readonly appends?: readonly (Draft & { readonly stream: string })[];
  readonly puts?: readonly Put[];
  readonly deletes?: readonly Delete[];
  readonly drops?: readonly string[];
  readonly feed?: readonly Draft[];
  /**
   * What happens when there is no space: `refuse` (the step is undone by its caller and rejects) or `hold` (it waits
   * for space, because its effect has happened). @defaultValue "hold"
   */
  readonly whenFull?: "refuse" | "hold";
}

/** A step that has its place in the streams; `committed` resolves when it is durable. */
export interface Appended {
  readonly events: readonly StreamEvent[];
  readonly committed: Promise<void>;
}

interface Head {
  seq: number;
  timeMs: number;
  readonly owner: StreamOwner | undefined;
}

interface Entry {
  readonly events: Map<string, StreamEvent[]>;
  readonly puts: readonly Put[];
  readonly deletes: readonly Delete[];
  readonly drops: readonly string[];
  readonly feed: readonly Draft[];
  readonly size: number;
  readonly whenFull: "refuse" | "hold";
  resolve(): void;
  reject(error: unknown): void;
}

const fullProbeMs = 1000;

/**
 * The one writer of all streams of a process: gives each event its seq in the order of the calls, folds it, gathers
 * what comes while a commit is under way, and commits it as one batch. Readers are woken after the commit.
 */
export class Journal {
  readonly #store: Store;
  readonly #buffer: EventBuffer;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #onFailed: (error: AnodeError) => void;
  readonly #heads = new Map<string, Head>();
  #waiting: Entry[] = [];
  #flushing = false;
  #full = false;
  #failed: AnodeError | undefined;

  constructor(parts: { store: Store; buffer: EventBuffer; host: Host; limits: Limits; onFailed: (error: AnodeError) => void }) {
    this.#store = parts.store;
    this.#buffer = parts.buffer;
    this.#host = parts.host;
    this.#limits = parts.limits;
    this.#onFailed = parts.onFailed;
  }

  /** True while the store has no space. */
  get full(): boolean {
    return this.#full;
  }

  /** Opens a stream for appends after `lastSeq`, none of them stamped earlier than `notBeforeMs`. */
  open(stream: string, lastSeq: number, owner?: StreamOwner, notBeforeMs = 0): void {
    this.#heads.set(stream, { seq: lastSeq, timeMs: notBeforeMs, owner });
  }

  /** Ends a stream: nothing more is appended to it. */
  close(stream: string): void {
    this.#heads.delete(stream);
    this.#buffer.release(stream);
  }

  /** Seq of the newest event of an open stream, committed or not. */
  headSeq(stream: string): number {
    return this.#heads.get(stream)?.seq ?? 0;
  }

  /**
   * Takes a step: folds and stamps its events now, commits them with whatever else is waiting.
   * @throws what a fold throws; `storage_full` for a step that refuses to wait; `store_failed`
   */
  append(step: Step): Appended {
    if (this.#failed) throw this.#failed;
    const whenFull = step.whenFull ?? "hold";
    if (this.#full && whenFull === "refuse") throw storageFull();
    const puts = [...(step.puts ?? [])];
    const feed = [...(step.feed ?? [])];
    const byStream = new Map<string, StreamEvent[]>();
    const events: StreamEvent[] = [];
    let size = puts.length;
    for (const draft of step.appends ?? []) {
      const { event, folded } = this.#stamp(draft);
      events.push(event);
      const sameStream = byStream.get(draft.stream);
      if (sameStream) sameStream.push(event);
      else byStream.set(draft.stream, [event]);
      if (folded?.puts) puts.push(...folded.puts);
      if (folded?.feed) feed.push(...folded.feed);
      size += 1;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Callers that only need the order never look at the promise.
    promise.catch(() => {});
    const entry = { events: byStream, puts, deletes: step.deletes ?? [], drops: step.drops ?? [], feed, size, whenFull, resolve, reject };
    this.#waiting.push(entry);
    if (!this.#flushing && !this.#full) {
      this.#flushing = true;
      queueMicrotask(() => void this.#flush());
    }
    return { events, committed: promise };
  }

  /** Resolves when everything appended so far is committed or refused. */
  async settled(): Promise<void> {
    if (this.#failed || this.#full) return;
    await this.append({}).committed.catch(() => {});
  }

  #stamp(draft: Draft & { readonly stream: string }): { event: StreamEvent; folded: Folded | undefined } {
    const head = this.#heads.get(draft.stream);
    if (!head) throw new AnodeError("run_finished", "The stream has ended and takes no more events.");
    head.timeMs = Math.max(head.timeMs, this.#host.clock.now());
    const seq = head.seq + 1;
    const time = formatTime(head.timeMs);
    const payload = boundPayload(draft.payload, this.#limits.eventBytes);
    const folded = head.owner?.fold({ type: draft.type, payload, seq, time });
    head.seq = seq;
    const run_id = draft.run_id ?? folded?.run_id;
    const event = createEvent({
      ...(run_id !== undefined && { run_id }),
      ...(draft.peer_id !== undefined && { peer_id: draft.peer_id }),
      seq,
      type: draft.type,
      ...(folded?.status !== undefined && { status: folded.status }),
      time,
      payload,
    });
    return { event, folded };
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#failed) {
      const entries = this.#gather();
      const done = await this.#commit(entries);
      if (!done) break;
    }
    this.#flushing = false;
  }

  #gather(): Entry[] {
    let size = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      size += entry.size;
      if (count > 0 && size > this.#limits.commitOperations) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** Commits the entries as one batch; false when the rest has to wait for space. */
  async #commit(entries: readonly Entry[]): Promise<boolean> {
    const { batch, published } = this.#merge(entries);
    try {
      await this.#store.commit(batch);
    } catch (error) {
      return this.#refused(entries, error);
    }
    this.#full = false;
    for (const { stream, events } of published) {
      this.#buffer.publish(stream, events);
      this.#heads.get(stream)?.owner?.committed?.(events);
    }
    for (const entry of entries) entry.resolve();
    return true;
  }

  #merge(entries: readonly Entry[]): { batch: Batch; published: { stream: string; events: StreamEvent[] }[] } {
    const byStream = new Map<string, StreamEvent[]>();
    const drafts: Draft[] = [];
    for (const entry of entries) {
      for (const [stream, events] of entry.events) {
        const same = byStream.get(stream);
        if (same) same.push(...events);
        else byStream.set(stream, [...events]);
      }
      drafts.push(...entry.feed);
    }
    // The feed gets its seqs here and not in append(): a batch that had to wait must not leave a hole in it.
    const feed = this.#stampFeed(drafts);
    if (feed.length > 0) byStream.set(feedStream, feed);
    const published = [...byStream].map(([stream, events]) => ({ stream, events }));
    const appends: Append[] = published.map(({ stream, events }) => ({ stream, expectedSeq: (events[0]?.seq ?? 1) - 1, events }));
    const batch: Batch = {
      appends,
      puts: entries.flatMap((entry) => entry.puts),
      deletes: entries.flatMap((entry) => entry.deletes),
      drops: entries.flatMap((entry) => entry.drops),
    };
    return { batch, published };
  }

  #stampFeed(drafts: readonly Draft[]): StreamEvent[] {
    const head = this.#heads.get(feedStream);
    if (!head || drafts.length === 0) return [];
    head.timeMs = Math.max(head.timeMs, this.#host.clock.now());
    const time = formatTime(head.timeMs);
    return drafts.map((draft) => createEvent({ ...draft, seq: ++head.seq, time }));
  }

  async #refused(entries: readonly Entry[], error: unknown): Promise<boolean> {
    const feedHead = this.#heads.get(feedStream);
    if (feedHead) feedHead.seq -= entries.reduce((sum, entry) => sum + entry.feed.length, 0);
    const code = isAnodeError(error) ? error.code : "store_failed";
    if (code === "storage_full") return this.#wait(entries);
    if (code === "stale_commit") {
      if (entries.length === 1) entries[0]?.reject(error);
      // One overtaken record must not take the others down: each is tried alone.
      else for (const entry of entries) if (!(await this.#commit([entry]))) return false;
      return true;
    }
    this.#failed = isAnodeError(error) ? error : new AnodeError("store_failed", "The store has failed.", { cause: error });
    for (const entry of [...entries, ...this.#waiting.splice(0)]) entry.reject(this.#failed);
    this.#onFailed(this.#failed);
    return false;
  }

  #wait(entries: readonly Entry[]): boolean {
    this.#full = true;
    const all = [...entries, ...this.#waiting];
    for (const entry of all) if (entry.whenFull === "refuse") entry.reject(storageFull());
    this.#waiting = all.filter((entry) => entry.whenFull === "hold");
    this.#host.clock.schedule(() => void this.#probe(), fullProbeMs);
    return false;
  }

  async #probe(): Promise<void> {
    if (this.#flushing || this.#failed) return;
    this.#flushing = true;
    // An empty journal still has to learn that there is space again.
    if (this.#waiting.length === 0) await this.#commit([]);
    await this.#flush();
  }
}

function storageFull(): AnodeError {
  return new AnodeError("storage_full", "The disk has no space left for this change; free some and try again.");
}
