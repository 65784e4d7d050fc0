import type { Step } from "../events/journal.js";
import type { Delete, Put, Store, Stored } from "./store.js";

interface Entry<Item> {
  readonly record: Item;
  readonly revision: number;
}

/**
 * This process's copy of records whose only writer it is: looked at without waiting, changed by puts that go into a step of
 * the journal. Steps are committed in the order of their appends, so the revisions counted here are those of the store.
 */
export class Records<Item extends object> {
  readonly #collection: string;
  readonly #entries = new Map<string, Entry<Item>>();
  /** What a put took the place of, for as long as somebody has the put. */
  readonly #before = new WeakMap<Put, Entry<Item> | undefined>();

  constructor(collection: string) {
    this.#collection = collection;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): Item | undefined {
    return this.#entries.get(id)?.record;
  }

  /** All of them, the first made first. */
  *values(): Generator<Item> {
    for (const { record } of this.#entries.values()) yield record;
  }

  /** Takes over what the store has, or that part of it. */
  async load(store: Store, where?: Readonly<Record<string, readonly string[]>>): Promise<void> {
    for await (const stored of everyRecord(store, this.#collection, where)) this.adopt(stored);
  }

  /** Takes over one stored record. */
  adopt({ id, record, revision }: Stored): Item {
    this.#entries.set(id, { record: record as Item, revision });
    return record as Item;
  }

  /** Sets a record from now on; the put belongs into the step that goes with it. */
  put(id: string, record: Item): Put {
    const before = this.#entries.get(id);
    const expectedRevision = before?.revision ?? 0;
    this.#entries.set(id, { record, revision: expectedRevision + 1 });
    const put: Put = { collection: this.#collection, id, record, expectedRevision };
    this.#before.set(put, before);
    return put;
  }

  /** Takes back those of the puts that were made here: their step was refused, and nothing of it is in the store. */
  undo(puts: readonly Put[]): void {
    for (const put of puts.toReversed()) {
      if (!this.#before.has(put)) continue;
      const before = this.#before.get(put);
      if (before) this.#entries.set(put.id, before);
      else this.#entries.delete(put.id);
    }
  }

  /** Removes a record here; the delete removes it from the store. */
  remove(id: string): Delete {
    this.#entries.delete(id);
    return { collection: this.#collection, id };
  }

  /**
   * For the step that makes a record final: drops it here once it is stored, unless it was changed since then. Before that the
   * store would give an older one.
   */
  leaving(id: string): NonNullable<Step["taken"]> {
    const entry = this.#entries.get(id);
    const leave = (): void => void (this.#entries.get(id) === entry && this.#entries.delete(id));
    return ({ committed }) => void committed.then(leave, () => {});
  }
}

/** All records of a collection, oldest first, page by page. */
export async function* everyRecord(
  store: Store,
  collection: string,
  where?: Readonly<Record<string, readonly string[]>>,
): AsyncGenerator<Stored> {
  let after: number | undefined;
  for (let more = true; more; ) {
    const page = await store.list(collection, { order: "asc", limit: 500, ...(where && { where }), ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.items.at(-1)?.ordinal;
    more = page.more;
  }
}
