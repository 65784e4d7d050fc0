import type { ListQuery, Store, Stored } from "./store.js";

/** All records of a collection that the query names, page by page, the oldest first unless it says otherwise. */
export async function* everyRecord(store: Pick<Store, "list">, collection: string, query: Partial<ListQuery> = {}): AsyncGenerator<Stored> {
  let page: Partial<ListQuery> = query;
  for (let more = true; more; ) {
    const { items, more: isMore } = await store.list(collection, { order: "asc", limit: 500, ...page });
    yield* items;
    const last = items.at(-1);
    more = isMore && last !== undefined;
    if (last) page = { ...query, after: last.ordinal };
  }
}
