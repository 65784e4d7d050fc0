import type { Step } from "../events/step.js";
import { everyRecord } from "./every-record.js";
import type { Delete, Put, Store, Stored } from "./store.js";

/** A put that knows what it took the place of. */
class OwnPut implements Put {
  readonly collection: string;
  readonly id: string;
  readonly record: object;
  readonly expectedRevision: number;
  // No member: whoever writes a put as a whole does not write it.
  readonly #before: object | undefined;

  constructor(collection: string, id: string, record: object, expectedRevision: number, before: object | undefined) {
    this.collection = collection;
    this.id = id;
    this.record = record;
    this.expectedRevision = expectedRevision;
    this.#before = before;
  }

  get before(): object | undefined {
    return this.#before;
  }
}

/**
 * This process's copy of records whose only writer it is: looked at without waiting, changed by puts that go into a step of
 * the journal. Steps are committed in the order of their appends, so the revisions counted here are those of the store.
 */
export class Records<Item extends object> {
  readonly #collection: string;
  readonly #records = new Map<string, Item>();
  readonly #revisions = new Map<string, number>();

  constructor(collection: string) {
    this.#collection = collection;
  }

  get size(): number {
    return this.#records.size;
  }

  get(id: string): Item | undefined {
    return this.#records.get(id);
  }

  /** All of them, the first made first. */
  values(): MapIterator<Item> {
    return this.#records.values();
  }

  /** Takes over what the store has, or that part of it. */
  async load(store: Store, where: Readonly<Record<string, readonly string[]>> = {}): Promise<void> {
    for await (const stored of everyRecord(store, this.#collection, { where })) this.adopt(stored);
  }

  /** Takes over one stored record. */
  adopt({ id, record, revision }: Stored): Item {
    this.#set(id, record as Item, revision);
    return record as Item;
  }

  /** Sets a record from now on; the put belongs into the step that goes with it. */
  put(id: string, record: Item): Put {
    const revision = this.#revisions.get(id) ?? 0;
    const put = new OwnPut(this.#collection, id, record, revision, this.#records.get(id));
    this.#set(id, record, revision + 1);
    return put;
  }

  /** Takes back those of the puts that were made here: their step was refused, and nothing of it is in the store. */
  undo(puts: readonly Put[]): void {
    for (const put of puts.toReversed()) {
      if (!(put instanceof OwnPut) || put.collection !== this.#collection) continue;
      if (put.before) this.#set(put.id, put.before as Item, put.expectedRevision);
      else this.#forget(put.id);
    }
  }

  /** Removes a record here; the delete removes it from the store. */
  remove(id: string): Delete {
    this.#forget(id);
    return { collection: this.#collection, id };
  }

  /**
   * For the step that makes a record final: drops it here once it is stored, unless it was changed since then. Before that the
   * store would give an older one.
   */
  leaving(id: string): NonNullable<Step["taken"]> {
    const record = this.#records.get(id);
    const leave = (): void => void (this.#records.get(id) === record && this.#forget(id));
    return ({ committed }) => void committed.then(leave, () => {});
  }

  #set(id: string, record: Item, revision: number): void {
    this.#records.set(id, record);
    this.#revisions.set(id, revision);
  }

  #forget(id: string): void {
    this.#records.delete(id);
    this.#revisions.delete(id);
  }
}
