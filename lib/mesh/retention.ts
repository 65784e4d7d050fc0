import type { Journal } from "../events/journal.js";
import type { Delete, Store } from "../store/store.js";
import { parseTime } from "../system-host.js";

/** What of a collection is kept. */
export interface Kept {
  /** What is over: a field and its texts. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** So many records at most; the oldest go. */
  readonly count: number;
  /** Records made before this moment go, Unix milliseconds. */
  readonly sinceMs: number;
  /** What stays all the same. @defaultValue nothing */
  needed?(id: string): boolean;
}

const pageSize = 500;

/** Removes the oldest records of what is over. Answers how many. */
export async function removeOld(
  store: Store,
  journal: Journal,
  collection: string,
  { where, count, sinceMs, needed }: Kept,
): Promise<number> {
  const [field = "", texts = []] = Object.entries(where)[0] ?? [];
  const counts = await store.count(collection, field);
  let surplus = texts.reduce((sum, text) => sum + (counts[text] ?? 0), 0) - count;
  let removed = 0;
  for (;;) {
    const { items, more } = await store.list(collection, { order: "asc", limit: pageSize, where });
    const deletes: Delete[] = [];
    for (const { id, record } of items) {
      if (surplus <= 0 && parseTime((record as { created_at: string }).created_at) >= sinceMs) break;
      if (needed?.(id)) continue;
      surplus -= 1;
      deletes.push({ collection, id });
    }
    if (deletes.length > 0) await journal.append({ deletes }).committed;
    removed += deletes.length;
    if (!more || deletes.length < pageSize) return removed;
  }
}
