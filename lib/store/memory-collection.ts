import type { ListQuery, Stored, StoredPage } from "./store.js";

/** One collection in memory: by id, and in the order of the ordinals. */
export class MemoryCollection {
  readonly #byId = new Map<string, Stored>();
  readonly #ordered: Stored[] = [];

  get(id: string): Stored | undefined {
    return this.#byId.get(id);
  }

  put(stored: Stored): void {
    const isNew = !this.#byId.has(stored.id);
    this.#byId.set(stored.id, stored);
    if (isNew) this.#ordered.push(stored);
    else this.#ordered[this.#firstFrom(stored.ordinal)] = stored;
  }

  delete(id: string): void {
    const stored = this.#byId.get(id);
    if (!stored) return;
    this.#byId.delete(id);
    this.#ordered.splice(this.#firstFrom(stored.ordinal), 1);
  }

  list({ order = "desc", after, limit, where = {} }: ListQuery): StoredPage {
    const conditions = Object.entries(where);
    const step = order === "asc" ? 1 : -1;
    const items: Stored[] = [];
    for (let at = this.#start(order, after); at >= 0 && at < this.#ordered.length; at += step) {
      const stored = this.#ordered[at] as Stored;
      if (!matches(stored.record, conditions)) continue;
      if (items.length === limit) return { items, more: true };
      items.push(stored);
    }
    return { items, more: false };
  }

  count(field: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { record } of this.#ordered) {
      const value: unknown = Object.hasOwn(record, field) ? record[field as keyof typeof record] : undefined;
      if (typeof value === "string") counts[value] = (counts[value] ?? 0) + 1;
    }
    return counts;
  }

  #start(order: "asc" | "desc", after: number | undefined): number {
    if (order === "asc") return after === undefined ? 0 : this.#firstFrom(after + 1);
    return (after === undefined ? this.#ordered.length : this.#firstFrom(after)) - 1;
  }

  /** Index of the first record whose ordinal is at least `ordinal`. */
  #firstFrom(ordinal: number): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ordered[middle] as Stored).ordinal < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function matches(record: object, conditions: readonly (readonly [string, readonly string[]])[]): boolean {
  return conditions.every(([field, texts]) => {
    const value: unknown = Object.hasOwn(record, field) ? record[field as keyof typeof record] : undefined;
    return typeof value === "string" && texts.includes(value);
  });
}
