/** A source of numbers that repeats itself: the same parts give the same numbers. */
export interface Random {
  /** An integer from 0 to `below - 1`. */
  int(below: number): number;
  /** An integer from `from` to `to`, both possible. */
  between(from: number, to: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** A source for one trial or step: parts are the seed and what tells it from the others. */
export function randomOf(...parts: readonly number[]): Random {
  let state = parts.reduce((mixed, part) => Math.imul(mixed ^ part, 0x9e37_79b1) ^ (mixed >>> 15), 0x2545_f491);
  const next = (): number => {
    // Mulberry32: small, and good enough to choose with.
    state = (state + 0x6d2b_79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word = (word + Math.imul(word ^ (word >>> 7), word | 61)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    between: (from, to) => from + int(to - from + 1),
    chance: (probability) => next() < probability,
    pick: (items) => items[int(items.length)] as (typeof items)[number],
  };
}
