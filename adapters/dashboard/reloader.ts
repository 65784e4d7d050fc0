/** Reads something again when it may have changed: at once, not twice at the same time, and not more often than is of use. */
export interface Reloader {
  /** It may have changed. */
  touch(): void;
  close(): void;
}

/** Makes a {@link Reloader}. `load` is never called while it is at work. */
export function createReloader(load: () => Promise<void>, pauseMs: number): Reloader {
  let state: "idle" | "busy" | "again" = "idle";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  async function run(): Promise<void> {
    state = "busy";
    await load();
    if (isClosed) return;
    timer = setTimeout(() => {
      const again = state === "again";
      state = "idle";
      if (again) void run();
    }, pauseMs);
  }

  return {
    touch() {
      if (isClosed) return;
      if (state === "idle") void run();
      else state = "again";
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
