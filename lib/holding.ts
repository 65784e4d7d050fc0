import { AnodeError } from "./errors.js";

/** Does work while a request is held. @throws `too_many_waits` */
export type Holding = <Value>(work: () => Promise<Value>) => Promise<Value>;

/** Counts what is held at once. */
export function createHolding(most: number): Holding {
  let held = 0;
  return async (work) => {
    if (held >= most) throw new AnodeError("too_many_waits", "There are too many held requests.", { retryAfterSeconds: 1 });
    held += 1;
    try {
      return await work();
    } finally {
      held -= 1;
    }
  };
}
