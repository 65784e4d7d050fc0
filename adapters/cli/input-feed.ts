import type { Executor } from "../../lib/runs/executor.js";
import type { StreamEvent } from "../../lib/events/event.js";

/** What the contract takes before somebody has to wait. */
const mostPending = 32;
const leaves = ["input.delivered", "input.withdrawn", "input.dropped"];

/** Follow-up input of a run that ends when there is no more of it and the agent has done it all. */
export interface InputFeed {
  /** To be put around the executor. */
  around(executor: Executor): Executor;
  /** To be told every event of the run. */
  see(event: StreamEvent): void;
  /** Sends one text after the other, no more at once than a run holds. */
  run(send: (text: string) => Promise<void>): Promise<void>;
}

/** A feed of these texts. */
export function createInputFeed(texts: AsyncIterable<string>): InputFeed {
  const ended = new AbortController();
  let pending = 0;
  let wake: (() => void) | undefined;
  return {
    around: (executor) => untilEnded(executor, ended.signal),
    see({ type }) {
      if (!leaves.includes(type)) return;
      pending -= 1;
      wake?.();
    },
    async run(send) {
      for await (const text of texts) {
        while (pending >= mostPending) await new Promise<void>((resolve) => (wake = resolve));
        pending += 1;
        await send(text);
      }
      ended.abort();
    },
  };
}

/** The same executor, whose runs that stay open for input get no more of it once nothing is pending and the signal has aborted. */
function untilEnded(executor: Executor, ended: AbortSignal): Executor {
  return {
    ...executor,
    execute: (context) =>
      executor.execute({
        ...context,
        input: {
          take: (kind) => context.input.take(kind),
          next({ signal } = {}) {
            const end = new AbortController();
            // What is pending is handed over in this very call; only a wait for more can be ended.
            const next = context.input.next({ signal: signal ? AbortSignal.any([signal, end.signal]) : end.signal });
            if (ended.aborted) end.abort();
            else ended.addEventListener("abort", () => end.abort(), { once: true });
            return next;
          },
        },
      }),
  };
}
