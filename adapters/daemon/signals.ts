/** The signals that end a daemon, in the order they come. */
export interface EndSignals {
  /** Resolves with the name of the first one. */
  readonly first: Promise<string>;
  readonly second: Promise<string>;
}

/**
 * Catches SIGTERM and SIGINT from now on, and calls `hangUp` at each SIGHUP. To the very end of the process: one that came in its last
 * moment would take the place of the exit status, and a lost store would look like an end that was asked for.
 */
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
  return { first: first.promise, second: second.promise };
}
