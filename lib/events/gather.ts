const none: readonly never[] = [];

type WithList<Name extends string> = { readonly [name in Name]?: readonly unknown[] | undefined };

/** Lists put together. No new list where one has all of it: most steps and batches change one thing. */
export class Gathered<Item> {
  #all: readonly Item[] = none;
  #own: Item[] | undefined;

  get all(): readonly Item[] {
    return this.#all;
  }

  add(items: readonly Item[] | undefined): void {
    if (!items || items.length === 0) return;
    if (this.#all.length === 0) this.#all = items;
    else {
      const own = (this.#own ??= [...this.#all]);
      this.#all = own;
      items.forEach((item) => own.push(item));
    }
  }
}

/** Everything the owners have in lists of a name, in their order. */
export function gather<Name extends string, Owner extends WithList<Name>>(owners: readonly Owner[], name: Name): NonNullable<Owner[Name]> {
  const gathered = new Gathered<unknown>();
  for (const owner of owners) gathered.add(owner[name]);
  return gathered.all as NonNullable<Owner[Name]>;
}

/** The list with one more item. A list that begins with its item does not reserve room for sixteen more. */
export function withItem<Item>(list: readonly Item[], item: Item): readonly Item[] {
  return list.length === 0 ? [item] : [...list, item];
}
