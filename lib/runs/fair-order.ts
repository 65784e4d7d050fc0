import { Chain, type Link } from "./chain.js";

/** What the order knows of a waiting run. */
export interface Waiting {
  readonly id: string;
  readonly key: string;
  readonly priority: number;
}

/** A waiting run: in order of arrival among all, and among those of its priority and key. */
interface Place<Item extends Waiting> {
  readonly item: Item;
  readonly arrival: Link<Overtaken<Item>>;
  readonly turn: Link<Item>;
}

interface Overtaken<Item> {
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
  readonly #places = new Map<string, Place<Item>>();
  readonly #arrivals = new Chain<Overtaken<Item>>();
  /** Per priority the keys in the order of their turns, per key its waiting runs in order of arrival. */
  readonly #turns = new Map<number, Map<string, Chain<Item>>>();
  #starved: Item[] = [];

  get size(): number {
    return this.#places.size;
  }

  add(item: Item, overtaken = 0): void {
    let keys = this.#turns.get(item.priority);
    if (!keys) this.#turns.set(item.priority, (keys = new Map()));
    let turns = keys.get(item.key);
    if (!turns) keys.set(item.key, (turns = new Chain()));
    this.#places.set(item.id, { item, arrival: this.#arrivals.add({ item, overtaken }), turn: turns.add(item) });
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  remove(id: string): boolean {
    const place = this.#places.get(id);
    if (place) this.#drop(place);
    return place !== undefined;
  }

  /** Takes the next run whose key is not capped; `undefined` when there is none. */
  take(isCapped: (key: string) => boolean = () => false): Item | undefined {
    const item = this.#starved.find((waiting) => !isCapped(waiting.key)) ?? this.#inTurn(isCapped);
    if (!item) return undefined;
    this.#countOvertaken(item);
    this.#drop(this.#places.get(item.id) as Place<Item>);
    const keys = this.#turns.get(item.priority);
    const rest = keys?.get(item.key);
    if (keys && rest && keys.size > 1) {
      // The key has had its turn: to the end.
      keys.delete(item.key);
      keys.set(item.key, rest);
    }
    return item;
  }

  /** Ids in the order in which they would start if nothing were added. */
  sequence(): string[] {
    const copy = new FairOrder<Item>();
    // First the turns of the keys as they stand now, then who waits in them.
    for (const [priority, keys] of this.#turns) {
      copy.#turns.set(priority, new Map([...keys.keys()].map((key) => [key, new Chain<Item>()])));
    }
    for (let link = this.#arrivals.first; link; link = link.after) copy.add(link.item.item, link.item.overtaken);
    copy.#starved = [...this.#starved];
    const ids: string[] = [];
    for (let item = copy.take(); item; item = copy.take()) ids.push(item.id);
    return ids;
  }

  #inTurn(isCapped: (key: string) => boolean): Item | undefined {
    for (const keys of this.#byPriority()) {
      for (const [key, turns] of keys) if (!isCapped(key)) return turns.first?.item;
    }
    return undefined;
  }

  /** The turns, highest priority first. Nearly always there is one priority, and nothing to sort. */
  #byPriority(): Iterable<Map<string, Chain<Item>>> {
    if (this.#turns.size <= 1) return this.#turns.values();
    return [...this.#turns].sort(([a], [b]) => b - a).map(([, keys]) => keys);
  }

  #countOvertaken(taken: Item): void {
    for (let link = this.#arrivals.first; link && link.item.item !== taken; link = link.after) {
      link.item.overtaken += 1;
      if (link.item.overtaken === overtakenLimit) this.#starved.push(link.item.item);
    }
  }

  #drop({ item, arrival, turn }: Place<Item>): void {
    this.#places.delete(item.id);
    this.#arrivals.remove(arrival);
    if (this.#starved.length > 0) this.#starved = this.#starved.filter((other) => other !== item);
    const keys = this.#turns.get(item.priority);
    const turns = keys?.get(item.key);
    turns?.remove(turn);
    if (!turns?.first) keys?.delete(item.key);
    if (keys?.size === 0) this.#turns.delete(item.priority);
  }
}
