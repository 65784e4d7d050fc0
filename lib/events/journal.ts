import { AnodeError, isAnodeError } from "../errors.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Append, Batch, Delete, Put, Store, Trim } from "../store/store.js";
import { formatTime } from "../system-host.js";
import { boundPayload, surelyFits } from "./bound-payload.js";
import type { EventBuffer } from "./buffer.js";
import { createEvent, type EventParts } from "./encode.js";
import { Entry, type Head, neededBy, standInFor } from "./entry.js";
import type { StreamEvent } from "./event.js";
import { Gathered, withItem } from "./gather.js";
import { roughUnits } from "./rough-units.js";
import { storageFull } from "./storage-full.js";
import type { Appended, Draft, Folded, Step, StreamOwner } from "./step.js";

/** The daemon-wide stream of status changes. */
export const feedStream = "feed";

/** Takes secrets out of what is to be kept; the same object where there are none. */
export type Redact = <Value extends object>(value: Value) => Value;

const fullProbeMs = 1000;
const asItIs: Redact = (value) => value;
const unfolded: Folded = {};

/**
 * The one writer of all streams of a process: takes the secrets out of each event, gives it its seq in the order of the calls, folds it, gathers
 * what comes while a commit is under way, and commits it as one batch. Readers are woken after the commit.
 */
export class Journal {
  readonly #store: Store;
  readonly #buffer: EventBuffer;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #redact: Redact;
  readonly #onFailed: (error: AnodeError) => void;
  readonly #heads = new Map<string, Head>();
  readonly #flushSoon = (): void => void this.#flush();
  readonly #headOf = ({ stream }: { readonly stream: string }): Head => this.#head(stream);
  #waiting: Entry[] = [];
  /** So many of the waiting entries are tried alone, because together they were refused. */
  #alone = 0;
  #flushing = false;
  #full = false;
  #failed: AnodeError | undefined;

  constructor(parts: {
    store: Store;
    buffer: EventBuffer;
    host: Host;
    limits: Limits;
    redact?: Redact;
    onFailed: (error: AnodeError) => void;
  }) {
    this.#store = parts.store;
    this.#buffer = parts.buffer;
    this.#host = parts.host;
    this.#limits = parts.limits;
    this.#redact = parts.redact ?? asItIs;
    this.#onFailed = parts.onFailed;
  }

  /** True while the store has no space. */
  get full(): boolean {
    return this.#full;
  }

  /** Refuses a change that can still be refused, before anything of it is done. @throws `storage_full` */
  assertSpace(change = "this change"): void {
    if (this.#full) throw storageFull(change);
  }

  /** Opens a stream for appends after `lastSeq`, none of them stamped earlier than `notBeforeMs`. */
  open(stream: string, lastSeq: number, owner?: StreamOwner, notBeforeMs = 0): void {
    this.#heads.set(stream, { stream, owner, seq: lastSeq, timeMs: notBeforeMs, gathered: undefined });
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
    if (this.#full && step.whenFull === "refuse") throw storageFull();
    const entry = new Entry(step);
    if (step.appends) {
      entry.heads = step.appends.map(this.#headOf);
      let at = 0;
      for (const draft of step.appends) entry.add(this.#stamp(draft, entry.heads[at++] as Head, entry));
    }
    this.#waiting.push(entry);
    if (this.#full) entry.hold();
    if (!this.#flushing && !this.#full) {
      this.#flushing = true;
      queueMicrotask(this.#flushSoon);
    }
    step.taken?.(entry);
    return entry;
  }

  /** Resolves when everything appended so far is committed or refused, or waits for space. */
  async settled(): Promise<void> {
    if (this.#failed || this.#full) return;
    await this.append({ whenFull: "refuse" }).committed.catch(() => 0);
  }

  #head(stream: string): Head {
    const head = this.#heads.get(stream);
    if (!head) throw new AnodeError("run_finished", "The stream has ended and takes no more events.");
    return head;
  }

  #stamp(draft: Draft, head: Head, entry: Entry): StreamEvent {
    const now = this.#host.clock.now();
    if (now > head.timeMs) head.timeMs = now;
    const { type } = draft;
    const seq = head.seq + 1;
    const time = formatTime(head.timeMs);
    const shown = this.#redact(draft.payload);
    const units = roughUnits(shown);
    const payload = this.#fitting(shown, units);
    const folded = head.owner ? head.owner.fold(type, payload, seq, time) : unfolded;
    head.seq = seq;
    const { run_id = folded.run_id, peer_id } = draft;
    // The envelope's members are there or not, never undefined: the event leaves them out itself.
    const parts = { run_id, peer_id, seq, type, status: folded.status, time, payload } as EventParts;
    if (folded.put) entry.puts = withItem(entry.puts, folded.put);
    if (folded.feed) entry.feed = withItem(entry.feed, folded.feed);
    return createEvent(parts, units);
  }

  /** A payload no longer than an event may be. */
  #fitting(payload: Draft["payload"], units: number): Draft["payload"] {
    const { eventBytes } = this.#limits;
    return surelyFits(units, eventBytes) ? payload : boundPayload(payload, eventBytes);
  }

  /** Commits batch after batch while there is anything, and an empty one if nothing was there: so it is known whether there is space. */
  async #flush(): Promise<void> {
    do {
      const entries = this.#gather();
      const { batch, heads } = this.#merge(entries);
      try {
        await this.#store.commit(batch);
      } catch (error) {
        if (this.#refused(entries, error)) continue;
        break;
      }
      this.#committed(entries, batch.appends, heads);
    } while (this.#waiting.length > 0 && !this.#failed);
    this.#flushing = false;
  }

  #gather(): Entry[] {
    if (this.#alone > 0) {
      this.#alone -= 1;
      return this.#waiting.splice(0, 1);
    }
    let count = 0;
    // By index, here as wherever each step and event comes by: an iterator makes an object for each, until the loop is compiled as a whole.
    for (let size = 0; count < this.#waiting.length; count += 1) {
      size += (this.#waiting[count] as Entry).size;
      if (count > 0 && size > this.#limits.commitOperations) break;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #committed(entries: readonly Entry[], appends: readonly Append[], heads: readonly Head[]): void {
    if (this.#full) this.#host.log("info", "store.has_space");
    this.#full = false;
    appends.forEach(({ stream, events }, at) => {
      const { owner } = heads[at] as Head;
      if (owner?.isFollowed ?? true) this.#buffer.publish(stream, events);
      owner?.committed?.(events);
    });
    entries.forEach((entry) => entry.resolve(entry.events[0]?.seq ?? 0));
  }

  #merge(entries: readonly Entry[]): { batch: Batch & { appends: Append[] }; heads: Head[] } {
    const heads: Head[] = [];
    const puts = new Gathered<Put>();
    const deletes = new Gathered<Delete>();
    const drops = new Gathered<string>();
    const trims = new Gathered<Trim>();
    const feed = new Gathered<Draft>();
    for (const entry of entries) {
      for (let at = 0; at < entry.events.length; at += 1) {
        const head = entry.heads[at] as Head;
        const event = entry.events[at] as StreamEvent;
        if (head.gathered) head.gathered.push(event);
        else {
          // An array that begins with its element does not reserve room for sixteen more.
          head.gathered = [event];
          heads.push(head);
        }
      }
      puts.add(entry.puts);
      deletes.add(entry.deletes);
      drops.add(entry.drops);
      trims.add(entry.trims);
      feed.add(entry.feed);
    }
    this.#gatherFeed(feed.all, heads);
    const appends = heads.map((head) => {
      const events = head.gathered as StreamEvent[];
      head.gathered = undefined;
      return { stream: head.stream, expectedSeq: (events[0]?.seq ?? 1) - 1, events };
    });
    const batch = { appends, puts: puts.all, deletes: deletes.all, drops: drops.all, trims: trims.all };
    return { batch, heads };
  }

  /** The feed gets its seqs here and not in append(): a batch that had to wait must not leave a hole in it. */
  #gatherFeed(drafts: readonly Draft[], heads: Head[]): void {
    const head = this.#heads.get(feedStream);
    if (!head || drafts.length === 0) return;
    const now = this.#host.clock.now();
    if (now > head.timeMs) head.timeMs = now;
    const time = formatTime(head.timeMs);
    head.gathered = drafts.map(({ type, run_id, peer_id, payload: given }) => {
      const shown = this.#redact(given);
      const units = roughUnits(shown);
      const payload = this.#fitting(shown, units);
      return createEvent({ run_id, peer_id, seq: ++head.seq, type, time, payload } as EventParts, units);
    });
    heads.push(head);
  }

  #refused(entries: readonly Entry[], error: unknown): boolean {
    const feedHead = this.#heads.get(feedStream);
    if (feedHead) feedHead.seq -= entries.reduce((sum, entry) => sum + entry.feed.length, 0);
    const code = isAnodeError(error) ? error.code : "store_failed";
    if (code === "storage_full") return this.#wait(entries);
    if (code === "stale_commit") {
      if (entries.length === 1) entries[0]?.reject(error);
      else {
        // One overtaken record must not take the others down: each is tried alone.
        this.#waiting = [...entries, ...this.#waiting];
        this.#alone = entries.length;
      }
      return true;
    }
    this.#failed = isAnodeError(error) ? error : new AnodeError("store_failed", "The store has failed.", { cause: error });
    for (const entry of [...entries, ...this.#waiting.splice(0)]) entry.reject(this.#failed);
    this.#onFailed(this.#failed);
    return false;
  }

  #wait(entries: readonly Entry[]): boolean {
    // What is held waits without a word otherwise, a start of the daemon too.
    if (!this.#full) this.#host.log("warn", "store.full");
    this.#full = true;
    const held: Entry[] = [];
    const unborn = new Set<Head>();
    const all = [...entries, ...this.#waiting];
    const needed = neededBy(all);
    for (const entry of all) {
      // What follows in a stream whose first event was refused goes with it.
      if (needed.has(entry) || (entry.whenFull === "hold" && !entry.heads.some((head) => unborn.has(head)))) held.push(entry);
      else {
        entry.reject(storageFull());
        const standIn = standInFor(entry, unborn);
        if (standIn) held.push(standIn);
      }
    }
    this.#waiting = held;
    for (const entry of held) entry.hold();
    this.#host.clock.schedule(() => this.#probe(), fullProbeMs);
    return false;
  }

  /** One at a time, and nothing else flushes meanwhile: two would give out the feed's seqs twice. */
  #probe(): void {
    this.#flushing = true;
    this.#flushSoon();
  }
}
