import type { ListQuery, Stored, StoredPage } from "./store.js";

/** A record in place: what is given out is a copy, so that this one can move on. */
interface Row {
  readonly id: string;
  readonly ordinal: number;
  revision: number;
  record: object;
  /** Where it stands in the order; moves only when the gaps of removed rows are closed. */
  at: number;
}

/** One collection in memory: by id, and in the order of the ordinals. */
export class MemoryCollection {
  readonly #byId = new Map<string, Row>();
  #ordered: (Row | undefined)[] = [];
  /** Index of the first row that may be there: the oldest go first, and looking for them must not cost more with each. */
  #first = 0;

  get(id: string): Stored | undefined {
    const row = this.#byId.get(id);
    return row && toStored(row);
  }

  /** 0 = there is no such record. */
  revision(id: string): number {
    return this.#byId.get(id)?.revision ?? 0;
  }

  /** Writes the next revision; `ordinal` is asked for when the record is new. Answers what it took the place of. */
  put(id: string, record: object, ordinal: () => number): object | undefined {
    const row = this.#byId.get(id);
    if (row) {
      const before = row.record;
      row.record = record;
      row.revision += 1;
      return before;
    }
    const created: Row = { id, ordinal: ordinal(), revision: 1, record, at: this.#ordered.length };
    this.#byId.set(id, created);
    this.#ordered.push(created);
    return undefined;
  }

  /** Takes back the newest put of a record. */
  undo(id: string, before: object | undefined): void {
    const row = this.#byId.get(id);
    if (!row) return;
    if (before === undefined) return this.delete(id);
    row.record = before;
    row.revision -= 1;
  }

  delete(id: string): void {
    const row = this.#byId.get(id);
    if (!row) return;
    this.#byId.delete(id);
    this.#ordered[row.at] = undefined;
    while (this.#first < this.#ordered.length && this.#ordered[this.#first] === undefined) this.#first += 1;
    if (this.#ordered.length > 2 * this.#byId.size + 16) this.#closeGaps();
  }

  list({ order = "desc", after, limit, where = {} }: ListQuery): StoredPage {
    const conditions = Object.entries(where);
    const step = order === "asc" ? 1 : -1;
    const items: Stored[] = [];
    for (let at = this.#start(order, after); at >= this.#first && at < this.#ordered.length; at += step) {
      const row = this.#ordered[at];
      if (!row || !matches(row.record, conditions)) continue;
      if (items.length === limit) return { items, more: true };
      items.push(toStored(row));
    }
    return { items, more: false };
  }

  count(field: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { record } of this.#byId.values()) {
      const value: unknown = Object.hasOwn(record, field) ? record[field as keyof typeof record] : undefined;
      if (typeof value === "string") counts[value] = (counts[value] ?? 0) + 1;
    }
    return counts;
  }

  #start(order: "asc" | "desc", after: number | undefined): number {
    if (order === "asc") return after === undefined ? this.#first : this.#firstFrom(after + 1);
    return (after === undefined ? this.#ordered.length : this.#firstFrom(after)) - 1;
  }

  /** Index from which on every row's ordinal is at least `ordinal`. */
  #firstFrom(ordinal: number): number {
    let low = this.#first;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // A gap has no ordinal: the next row on its right speaks for it.
      let at = middle;
      while (at < high && this.#ordered[at] === undefined) at += 1;
      const row = at < high ? this.#ordered[at] : undefined;
      if (row && row.ordinal < ordinal) low = at + 1;
      else high = middle;
    }
    return low;
  }

  #closeGaps(): void {
    this.#ordered = this.#ordered.filter((row) => row !== undefined);
    this.#ordered.forEach((row, at) => ((row as Row).at = at));
    this.#first = 0;
  }
}

function toStored({ id, ordinal, revision, record }: Row): Stored {
  return { id, ordinal, revision, record };
}

function matches(record: object, conditions: readonly (readonly [string, readonly string[]])[]): boolean {
  for (const [field, texts] of conditions) {
    const value: unknown = Object.hasOwn(record, field) ? record[field as keyof typeof record] : undefined;
    if (typeof value !== "string" || !texts.includes(value)) return false;
  }
  return true;
}
