import { AnodeError } from "../errors.js";
import type { Batch, Store } from "../store/store.js";

/** How a commit can fail. */
export type CommitFailure = "stale_commit" | "storage_full" | "store_failed";

/** A store whose commits fail and wait as the test says. Reads are the inner store's. */
export interface FaultyStore extends Store {
  /** Makes the next `count` calls of `commit` reject with the code, after so many that do not; nothing of them is written. */
  failCommits(count: number, code: CommitFailure, after?: number): void;
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
  const failures: (CommitFailure | undefined)[] = [];
  const waiting: (() => void)[] = [];
  let holding = false;

  const count = (name: keyof typeof calls): void => {
    calls[name] += 1;
  };

  function commit(batch: Batch): Promise<void> {
    count("commit");
    const failure = failures.shift();
    const go = async (): Promise<void> => {
      if (failure) throw new AnodeError(failure, `The commit failed as the test told it to: ${failure}.`);
      await inner.commit(batch);
    };
    if (!holding) return go();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push(() => void go().then(resolve, reject));
    return promise;
  }

  return {
    supports: inner.supports,
    commit,
    read(...call) {
      count("read");
      return inner.read(...call);
    },
    get(...call) {
      count("get");
      return inner.get(...call);
    },
    list(...call) {
      count("list");
      return inner.list(...call);
    },
    count(...call) {
      count("count");
      return inner.count(...call);
    },
    usage() {
      count("usage");
      return inner.usage();
    },
    close() {
      count("close");
      return inner.close();
    },
    failCommits(times, code, after = 0) {
      for (let time = 0; time < after; time += 1) failures.push(undefined);
      for (let time = 0; time < times; time += 1) failures.push(code);
    },
    holdCommits() {
      holding = true;
    },
    releaseCommits(times) {
      if (times === undefined) holding = false;
      // Each is handed on in this very step: one that comes meanwhile stays behind them.
      for (const go of waiting.splice(0, times ?? waiting.length)) go();
    },
    get held() {
      return waiting.length;
    },
    calls,
  };
}
