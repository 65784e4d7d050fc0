import { onTestFinished } from "vitest";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import type { Executor, RunContext } from "../../lib/runs/executor.js";
import { RunManager } from "../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../lib/runs/options.js";
import type { StreamEvent } from "../../lib/events/event.js";

/** An executor that waits until it is aborted. */
export const untilAborted: Executor = functionExecutor(
  ({ signal }) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve());
    }),
);

/** An executor whose runs are let go by the test. */
export function gate(): { executor: Executor; contexts: RunContext[]; release: (result?: string) => void; running: () => number } {
  const waiting: ((result?: string) => void)[] = [];
  const contexts: RunContext[] = [];
  let running = 0;
  const executor = functionExecutor(async (context) => {
    contexts.push(context);
    running += 1;
    const result = await new Promise<string | undefined>((resolve) => {
      waiting.push(resolve);
      context.signal.addEventListener("abort", () => resolve(undefined));
    });
    running -= 1;
    return result ?? "";
  });
  return { executor, contexts, release: (result) => waiting.shift()?.(result), running: () => running };
}

/** An open manager whose profile `craft` runs on the given executor; closed when the test ends. */
export async function openManager(executor: Executor, options: RunManagerOptions = {}): Promise<RunManager> {
  const { executors, profiles, ...rest } = options;
  const manager = new RunManager({
    executors: { main: executor, ...executors },
    profiles: { craft: { executor: "main" }, ...profiles },
    ...rest,
  });
  await manager.open();
  onTestFinished(() => manager.close());
  return manager;
}

/** All record events of a run, once it has ended. */
export async function eventsOf(manager: RunManager, id: string): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of manager.attach(id)) if ("seq" in event) events.push(event);
  return events;
}

/** Resolves when the condition holds; looks again after every turn of the event loop, later with a little time for other threads. */
export async function until(condition: () => boolean | Promise<boolean>, turns = 5000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (await condition()) return;
    await new Promise<void>((resolve) => (turn < 1000 ? setImmediate(resolve) : setTimeout(resolve, 1)));
  }
  throw new Error("The condition never held.");
}
