/** A value that tells when it is another. */
export interface Cell<Value> {
  get(): Value;
  set(value: Value): void;
  /** Calls on each change; answers how to leave. */
  watch(listener: () => unknown): () => void;
}

/** Makes a {@link Cell}. */
export function cell<Value>(initial: Value): Cell<Value> {
  let value = initial;
  const listeners = new Set<() => unknown>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
