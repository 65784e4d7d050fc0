import { AnodeError } from "../../lib/errors.js";

/** One page of a list: items under the field that the contract names, and where the next page begins. */
export type ReadPage = (input: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>;

/**
 * The items of all pages, each page read when it is needed.
 * @throws `protocol_error` when a cursor comes again, or a page has no items
 */
export async function* iteratePages(
  readPage: ReadPage,
  field: string,
  input: Readonly<Record<string, unknown>>,
): AsyncGenerator<unknown, void> {
  const seen = new Set<unknown>();
  let cursor = input["cursor"];
  do {
    if (cursor !== undefined) seen.add(cursor);
    const page = await readPage(cursor === undefined ? input : { ...input, cursor });
    const items = page[field];
    if (!Array.isArray(items)) throw new AnodeError("protocol_error", `A page must have its items in ${field}.`);
    yield* items;
    cursor = page["next_cursor"];
    if (seen.has(cursor)) throw new AnodeError("protocol_error", "The list gave the same cursor twice.");
  } while (cursor !== undefined);
}

/** The items of all pages in one array, at most `max` of them. */
export async function allItems(items: AsyncIterable<unknown>, max = Number.POSITIVE_INFINITY): Promise<unknown[]> {
  const found: unknown[] = [];
  if (max <= 0) return found;
  for await (const item of items) {
    found.push(item);
    if (found.length >= max) break;
  }
  return found;
}
