const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Does work that a signal only ends for us: the first SIGINT or SIGTERM aborts it and decides the exit code, a second one ends the
 * program. `interrupt` does what SIGINT does, for a terminal that keeps its keys to itself.
 */
export async function untilInterrupted(work: (signal: AbortSignal, interrupt: () => void) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let code: number | undefined;
  const stop = (name: keyof typeof codes): void => {
    code ??= codes[name];
    controller.abort();
  };
  const onInterrupt = (): void => stop("SIGINT");
  const onTerminate = (): void => stop("SIGTERM");
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onTerminate);
  try {
    const done = await work(controller.signal, onInterrupt);
    return code ?? done;
  } catch (error) {
    if (code === undefined) throw error;
    return code;
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  }
}
