import { Settlement } from "../settlement.js";
import type { Delete, Put, Trim } from "../store/store.js";
import { createEvent } from "./encode.js";
import type { StreamEvent } from "./event.js";
import { storageFull } from "./storage-full.js";
import type { Appended, Draft, Step, StreamOwner } from "./step.js";

/** The end of a stream, and what of it waits for its commit. */
export interface Head {
  readonly stream: string;
  readonly owner: StreamOwner | undefined;
  seq: number;
  timeMs: number;
  /** Events of the commit that is being put together. */
  gathered: StreamEvent[] | undefined;
}

const none: readonly never[] = [];

/** One step on its way to the store. It settles with the seq of its first event. */
export class Entry extends Settlement<number> implements Appended {
  events: StreamEvent[] = none as never[];
  /** The stream of each event. */
  heads: readonly Head[] = none;
  puts: readonly Put[];
  feed: readonly Draft[];
  isHeld = false;
  readonly #step: Step;
  #kept: Settlement<number> | undefined;

  constructor(step: Step) {
    super();
    this.#step = step;
    this.puts = this.sets;
    this.feed = step.feed ?? none;
  }

  /** Records that the step itself sets, not the folds of its events. */
  get sets(): readonly Put[] {
    return this.#step.puts ?? none;
  }

  get deletes(): readonly Delete[] {
    return this.#step.deletes ?? none;
  }

  get drops(): readonly string[] {
    return this.#step.drops ?? none;
  }

  get trims(): readonly Trim[] {
    return this.#step.trims ?? none;
  }

  get whenFull(): "refuse" | "hold" {
    return this.#step.whenFull ?? "hold";
  }

  add(event: StreamEvent): void {
    // An array that begins with its element does not reserve room for sixteen more.
    if (this.events.length === 0) this.events = [event];
    else this.events.push(event);
  }

  get size(): number {
    return this.events.length + this.puts.length + this.deletes.length;
  }

  get committed(): Promise<number> {
    return this.promise;
  }

  get kept(): Promise<number> {
    if (this.isHeld) return Promise.reject(storageFull());
    if (!this.#kept) {
      const kept = (this.#kept = new Settlement<number>());
      this.committed.then(
        (seq) => kept.resolve(seq),
        (error: unknown) => kept.reject(error),
      );
    }
    return this.#kept.promise;
  }

  /** There is no space for it now, and it is not to be refused. */
  hold(): void {
    this.isHeld = true;
    this.#kept?.reject(storageFull());
  }

  override resolve(seq: number): void {
    this.isHeld = false;
    super.resolve(seq);
    this.#step.settled?.();
  }

  override reject(error: unknown): void {
    super.reject(error);
    this.#step.settled?.(error);
  }
}

/** Steps that cannot be refused any more: one that is held, because its effect has happened, changes a record as they left it. */
export function neededBy(entries: readonly Entry[]): ReadonlySet<Entry> {
  const needed = new Set<Entry>();
  const records = new Set<string>();
  for (const entry of entries.toReversed()) {
    const ids = entry.sets.map(({ collection, id }) => `${collection} ${id}`);
    if (entry.whenFull === "refuse" && !ids.some((id) => records.has(id))) continue;
    for (const id of ids) records.add(id);
    if (entry.whenFull === "refuse") needed.add(entry);
  }
  return needed;
}

/**
 * A refused step has its place in its streams already: in each that goes on a notice takes it, for a hole would end the stream.
 * A stream that it was to begin is never born.
 */
export function standInFor(refused: Entry, unborn: Set<Head>): Entry | undefined {
  const payload = { level: "warning", code: "storage_full", text: "A change was refused: the disk had no space left for it." };
  const events: StreamEvent[] = [];
  const heads: Head[] = [];
  refused.events.forEach((event, at) => {
    const head = refused.heads[at] as Head;
    if (event.seq === 1 || unborn.has(head)) unborn.add(head);
    else {
      events.push(createEvent({ ...event, type: "system.notice", payload }));
      heads.push(head);
    }
  });
  if (events.length === 0) return undefined;
  const entry = new Entry({});
  entry.events = events;
  entry.heads = heads;
  return entry;
}
