/** What the order knows of a waiting run. */
export interface Waiting {
  readonly id: string;
  readonly key: string;
  readonly priority: number;
}

interface Place<Item extends Waiting> {
  readonly item: Item;
  overtaken: number;
}

/** A run overtaken this often by later arrivals goes next. */
export const overtakenLimit = 100;

/**
 * Who starts next, as a pure structure: higher priority first; within a priority keys take turns; within a key first
 * in, first out; and nobody is overtaken without end.
 */
export class FairOrder<Item extends Waiting> {
  /** In order of arrival. */
  readonly #places = new Map<string, Place<Item>>();
  /** Per priority the keys in the order of their turns, per key its waiting runs in order of arrival. */
  readonly #turns = new Map<number, Map<string, Item[]>>();
  #starved: Item[] = [];

  get size(): number {
    return this.#places.size;
  }

  add(item: Item): void {
    this.#places.set(item.id, { item, overtaken: 0 });
    let keys = this.#turns.get(item.priority);
    if (!keys) this.#turns.set(item.priority, (keys = new Map()));
    const queue = keys.get(item.key);
    if (queue) queue.push(item);
    else keys.set(item.key, [item]);
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  remove(id: string): boolean {
    const place = this.#places.get(id);
    if (!place) return false;
    this.#drop(place.item);
    return true;
  }

  /** Takes the next run whose key is not capped; `undefined` when there is none. */
  take(isCapped: (key: string) => boolean = () => false): Item | undefined {
    const item = this.#starved.find((waiting) => !isCapped(waiting.key)) ?? this.#inTurn(isCapped);
    if (!item) return undefined;
    this.#countOvertaken(item);
    const keys = this.#turns.get(item.priority);
    this.#drop(item);
    const rest = keys?.get(item.key);
    if (keys && rest) {
      // The key has had its turn: to the end.
      keys.delete(item.key);
      keys.set(item.key, rest);
    }
    return item;
  }

  /** Ids in the order in which they would start if nothing were added. */
  sequence(): string[] {
    const copy = new FairOrder<Item>();
    for (const [priority, keys] of this.#turns) {
      copy.#turns.set(priority, new Map([...keys].map(([key, queue]) => [key, [...queue]])));
    }
    for (const [id, place] of this.#places) copy.#places.set(id, { ...place });
    copy.#starved = [...this.#starved];
    const ids: string[] = [];
    for (let item = copy.take(); item; item = copy.take()) ids.push(item.id);
    return ids;
  }

  #inTurn(isCapped: (key: string) => boolean): Item | undefined {
    for (const keys of this.#byPriority()) {
      for (const queue of keys.values()) if (queue[0] && !isCapped(queue[0].key)) return queue[0];
    }
    return undefined;
  }

  /** The turns, highest priority first. Nearly always there is one priority, and nothing to sort. */
  #byPriority(): Iterable<Map<string, Item[]>> {
    if (this.#turns.size <= 1) return this.#turns.values();
    return [...this.#turns].sort(([a], [b]) => b - a).map(([, keys]) => keys);
  }

  #countOvertaken(taken: Item): void {
    for (const place of this.#places.values()) {
      if (place.item === taken) return;
      place.overtaken += 1;
      if (place.overtaken === overtakenLimit) this.#starved.push(place.item);
    }
  }

  #drop(item: Item): void {
    this.#places.delete(item.id);
    if (this.#starved.length > 0) this.#starved = this.#starved.filter((other) => other.id !== item.id);
    const keys = this.#turns.get(item.priority);
    const queue = keys?.get(item.key);
    if (!keys || !queue) return;
    if (queue[0]?.id === item.id) queue.shift();
    else
      keys.set(
        item.key,
        queue.filter((other) => other.id !== item.id),
      );
    if (keys.get(item.key)?.length === 0) keys.delete(item.key);
    if (keys.size === 0) this.#turns.delete(item.priority);
  }
}
