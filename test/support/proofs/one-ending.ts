import { isAnodeError } from "../../../lib/errors.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import type { Executor, RunContext } from "../../../lib/runs/executor.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import { isTerminal } from "../../../lib/runs/transitions.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { expectEqual, expectTrue } from "../../../lib/testing/expect.js";

/** The plug points around a run's log. */
export interface LogPlugs {
  readonly store?: (inner: Store) => Store;
  readonly executor?: (inner: Executor, store: Store) => Executor;
}

/** A run that completed and one that was canceled: each log ends with its one terminal event, whatever their executors say later. */
export async function proveOneEnding({
  store: aroundStore = (inner) => inner,
  executor: aroundExecutor = (inner) => inner,
}: LogPlugs): Promise<void> {
  const contexts: RunContext[] = [];
  const store = aroundStore(createMemoryStore());
  const main = functionExecutor(async (context) => {
    // Kept beyond the end, as by a callback that comes too late.
    contexts.push(context);
    await context.emit("assistant.message", { message_id: "m1", text: "at work" });
    if (context.request.prompt === "wait") await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
  });
  const manager = new RunManager({ store, executors: { main: aroundExecutor(main, store) }, profiles: { craft: { executor: "main" } } });
  await manager.open();
  try {
    const completed = await manager.start({ prompt: "x" });
    await completed.done();
    const canceled = await manager.start({ prompt: "wait" });
    for await (const event of manager.attach(canceled.id)) if (event.type === "assistant.message") break;
    await manager.cancel(canceled.id);
    const before = [await logOf(manager, completed.id), await logOf(manager, canceled.id)];
    const late = await Promise.all(
      contexts.map(({ emit }) => emit("assistant.message", { message_id: "m2", text: "late" }).then(() => "taken", codeOf)),
    );
    expectEqual(late, ["run_finished", "run_finished"], "What late events are answered");
    const after = [await logOf(manager, completed.id), await logOf(manager, canceled.id)];
    expectEqual(after, before, "The logs after the late events");
    for (const [index, log] of after.entries()) {
      const ends = log.filter((event) => isTerminal(event.status as "completed"));
      expectEqual([ends.length, ends[0]?.seq], [1, log.length], "One terminal event, and it is the last");
      expectTrue(ends[0]?.type === (index === 0 ? "run.completed" : "run.canceled"), "It says how the run ended.");
    }
    expectEqual((await manager.get(completed.id)).status, "completed", "The status of the completed run");
    expectEqual((await manager.get(canceled.id)).status, "canceled", "The status of the canceled run");
  } finally {
    await manager.close();
  }
}

/** The log as stored, and not as far as the first terminal event only. */
async function logOf(manager: RunManager, id: string): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of manager.attach(id, { follow: false })) if ("seq" in event) events.push(event);
  return events;
}

function codeOf(error: unknown): string {
  return isAnodeError(error) ? error.code : String(error);
}
