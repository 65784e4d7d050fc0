const none: readonly never[] = [];

/** Everything the owners have, in their order. No new list where one of them has all of it: most steps and batches change one thing. */
export function gather<Owner, Item>(owners: readonly Owner[], of: (owner: Owner) => readonly Item[] | undefined): readonly Item[] {
  let all: readonly Item[] = none;
  let own: Item[] | undefined;
  for (const owner of owners) {
    const items = of(owner);
    if (!items || items.length === 0) continue;
    if (all.length === 0) all = items;
    else {
      if (!own) all = own = [...all];
      for (const item of items) own.push(item);
    }
  }
  return all;
}

/** The list with one more item. A list that begins with its item does not reserve room for sixteen more. */
export function withItem<Item>(list: readonly Item[], item: Item): readonly Item[] {
  return list.length === 0 ? [item] : [...list, item];
}
