/** The signals that end a daemon, in the order they come. */
export interface EndSignals {
  /** Resolves with the name of the first one. */
  readonly first: Promise<string>;
  readonly second: Promise<string>;
  /** Gives the signals their usual meaning back. */
  release(): void;
}

/** Catches SIGTERM and SIGINT from now on, and calls `hangUp` at each SIGHUP. */
export function catchSignals(hangUp: () => void): EndSignals {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  let count = 0;
  const end = (name: string): void => {
    count += 1;
    (count === 1 ? first : second).resolve(name);
  };
  const names = ["SIGTERM", "SIGINT"] as const;
  for (const name of names) process.on(name, end);
  process.on("SIGHUP", hangUp);
  return {
    first: first.promise,
    second: second.promise,
    release() {
      for (const name of names) process.off(name, end);
      process.off("SIGHUP", hangUp);
    },
  };
}
