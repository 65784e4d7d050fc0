/** A place in a {@link Chain}. */
export interface Link<Item> {
  readonly item: Item;
  before: Link<Item> | undefined;
  after: Link<Item> | undefined;
}

/** Items in the order in which they came; any of them goes without a walk. A map would walk over what has gone from its beginning. */
export class Chain<Item> {
  #first: Link<Item> | undefined;
  #last: Link<Item> | undefined;

  get first(): Link<Item> | undefined {
    return this.#first;
  }

  add(item: Item): Link<Item> {
    const link: Link<Item> = { item, before: this.#last, after: undefined };
    if (this.#last) this.#last.after = link;
    else this.#first = link;
    this.#last = link;
    return link;
  }

  /** A link of this chain, once. */
  remove({ before, after }: Link<Item>): void {
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
  }
}
