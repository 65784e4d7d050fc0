import { AnodeError } from "../errors.js";
import type { Batch, Store } from "../store/store.js";

/** How a commit can fail. */
export type CommitFailure = "stale_commit" | "storage_full" | "store_failed";

/** A store whose commits fail and wait as the test says. Reads are the inner store's. */
export interface FaultyStore extends Store {
  /** Makes the next `count` calls of `commit` reject with the code; nothing of them is written. */
  failCommits(count: number, code: CommitFailure): void;
  /** Makes every further commit wait until it is released. */
  holdCommits(): void;
  /** Lets the oldest `count` waiting commits through, in their order; without a count all of them and every further one. */
  releaseCommits(count?: number): void;
  /** Commits that wait. */
  readonly held: number;
  /** Calls so far, by the name of the method. */
  readonly calls: Readonly<Record<"commit" | "read" | "get" | "list" | "count" | "usage" | "close", number>>;
}

/** Puts a {@link FaultyStore} before another store, which it closes with itself. */
export function createFaultyStore(inner: Store): FaultyStore {
  const calls = { commit: 0, read: 0, get: 0, list: 0, count: 0, usage: 0, close: 0 };
  const failures: CommitFailure[] = [];
  const waiting: (() => void)[] = [];
  let holding = false;

  async function commit(batch: Batch): Promise<void> {
    calls.commit += 1;
    const failure = failures.shift();
    // Behind others that wait even when nothing is held any more: commits keep the order of their calls.
    if (holding || waiting.length > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    if (failure) throw new AnodeError(failure, `The commit failed as the test told it to: ${failure}.`);
    await inner.commit(batch);
  }

  return {
    supports: inner.supports,
    commit,
    read: (...call) => (calls.read++, inner.read(...call)),
    get: (...call) => (calls.get++, inner.get(...call)),
    list: (...call) => (calls.list++, inner.list(...call)),
    count: (...call) => (calls.count++, inner.count(...call)),
    usage: () => (calls.usage++, inner.usage()),
    close: () => (calls.close++, inner.close()),
    failCommits(count, code) {
      failures.push(...Array<CommitFailure>(count).fill(code));
    },
    holdCommits() {
      holding = true;
    },
    releaseCommits(count) {
      if (count === undefined) holding = false;
      for (const go of waiting.splice(0, count ?? waiting.length)) go();
    },
    get held() {
      return waiting.length;
    },
    calls,
  };
}
