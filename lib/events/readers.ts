import { AnodeError } from "../errors.js";
import type { Limits } from "../limits.js";

/** Readers of all event streams of a manager, counted and bounded together. */
export class Readers {
  readonly #limits: Limits;
  #count = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Readers at this moment. */
  get count(): number {
    return this.#count;
  }

  /** Counts a reader until the returned function is called. */
  enter(): () => void {
    this.#count += 1;
    return () => void (this.#count -= 1);
  }

  /** @throws `too_many_streams` when no further reader is taken, or the stream has as many as it may */
  assertRoom(isStreamFull = false): void {
    if (this.#count < this.#limits.streams && !isStreamFull) return;
    throw new AnodeError("too_many_streams", "There are too many readers; try again when one has left.", { retryAfterSeconds: 5 });
  }
}
