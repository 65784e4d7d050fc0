/**
 * The heights of the rows of a long list, of which only those in view exist: what was measured, and a guess for the others. Sums are kept
 * in a Fenwick tree, so that a list of 100,000 rows answers in a few steps where a row begins, and which row is at a place.
 */
export class Heights {
  readonly #guess: number;
  #sums = new Float64Array(1024);
  #heights = new Float64Array(1024);
  #count = 0;
  #total = 0;

  constructor(guess: number) {
    this.#guess = guess;
  }

  get count(): number {
    return this.#count;
  }

  /** The height of all rows. */
  get total(): number {
    return this.#total;
  }

  /** Adds or takes away rows at the end. */
  resize(count: number): void {
    if (count >= this.#sums.length) this.#grow(count);
    while (this.#count < count) this.set(this.#count++, this.#guess);
    while (this.#count > count) this.set(--this.#count, 0);
  }

  /** Takes a measured height. Answers whether it was another. */
  set(index: number, height: number): boolean {
    const change = height - (this.#heights[index] ?? 0);
    if (change === 0) return false;
    this.#heights[index] = height;
    this.#total += change;
    for (let at = index + 1; at < this.#sums.length; at += at & -at) this.#sums[at] = (this.#sums[at] ?? 0) + change;
    return true;
  }

  /** Where a row begins. */
  top(index: number): number {
    let sum = 0;
    for (let at = index; at > 0; at -= at & -at) sum += this.#sums[at] ?? 0;
    return sum;
  }

  /** The row at a place. */
  at(y: number): number {
    let [index, left] = [0, y];
    for (let step = this.#sums.length >> 1; step > 0; step >>= 1) {
      const sum = this.#sums[index + step] ?? 0;
      if (index + step <= this.#count && sum <= left) {
        index += step;
        left -= sum;
      }
    }
    return Math.min(index, Math.max(0, this.#count - 1));
  }

  /** The rows to be there for a view: from the first to before the second. */
  range(top: number, height: number, beyond: number): readonly [from: number, to: number] {
    if (this.#count === 0) return [0, 0];
    return [Math.max(0, this.at(top) - beyond), Math.min(this.#count, this.at(top + height) + 1 + beyond)];
  }

  #grow(count: number): void {
    const old = this.#heights;
    const size = 2 ** Math.ceil(Math.log2(count + 1));
    const known = this.#count;
    this.#heights = new Float64Array(size);
    this.#sums = new Float64Array(size);
    this.#total = 0;
    for (let index = 0; index < known; index += 1) this.set(index, old[index] ?? 0);
  }
}
