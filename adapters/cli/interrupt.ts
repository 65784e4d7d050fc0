const codes = { SIGINT: 130, SIGTERM: 143 } as const;

type Work = (signal: AbortSignal, interrupt: () => void) => Promise<number>;

/**
 * Does work that a signal only ends for us: the first SIGINT or SIGTERM aborts it and decides the exit code, a second one ends the
 * program, after `kill` where that is given. `interrupt` does what SIGINT does, for a terminal that keeps its keys to itself.
 */
export async function untilInterrupted(work: Work, kill?: () => Promise<void>): Promise<number> {
  const controller = new AbortController();
  let code: number | undefined;
  const stop = (name: keyof typeof codes): void => {
    if (code !== undefined) return void kill?.().finally(() => process.exit(code));
    code = codes[name];
    controller.abort();
    // Without more to do, the system's own way to end a program is the quickest.
    if (!kill) release();
  };
  const onInterrupt = (): void => stop("SIGINT");
  const onTerminate = (): void => stop("SIGTERM");
  const release = (): void => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  try {
    const done = await work(controller.signal, onInterrupt);
    return code ?? done;
  } catch (error) {
    if (code === undefined) throw error;
    return code;
  } finally {
    release();
  }
}
