const none: readonly never[] = [];

type WithList<Name extends string> = { readonly [name in Name]?: readonly unknown[] | undefined };

/** Everything the owners have in lists of a name, in their order. No new list where one has all of it: most steps and batches change one thing. */
export function gather<Name extends string, Owner extends WithList<Name>>(owners: readonly Owner[], name: Name): NonNullable<Owner[Name]> {
  let all: readonly unknown[] = none;
  let own: unknown[] | undefined;
  for (const owner of owners) {
    const items = owner[name];
    if (!items || items.length === 0) continue;
    if (all.length === 0) all = items;
    else {
      if (!own) all = own = [...all];
      for (const item of items) own.push(item);
    }
  }
  return all as NonNullable<Owner[Name]>;
}

/** The list with one more item. A list that begins with its item does not reserve room for sixteen more. */
export function withItem<Item>(list: readonly Item[], item: Item): readonly Item[] {
  return list.length === 0 ? [item] : [...list, item];
}
