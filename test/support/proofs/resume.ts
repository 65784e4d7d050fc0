import type { EventBuffer } from "../../../lib/events/buffer.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { Store } from "../../../lib/store/store.js";
import { expectEqual } from "../../../lib/testing/expect.js";

const emitted = 40;

/** A reader that leaves after a few events and comes back with its last seq, again and again, sees each event once, in order. */
export async function proveResume(plugs: { readonly store?: () => Store; readonly events?: () => EventBuffer }): Promise<void> {
  for (const step of [1, 2, 3, 7]) {
    const executor = functionExecutor(async ({ emit }) => {
      for (let n = 1; n <= emitted; n += 1) await emit("assistant.message", { message_id: `m${n}`, text: "x" });
    });
    const manager = new RunManager({
      executors: { main: executor },
      profiles: { craft: { executor: "main" } },
      ...(plugs.store && { store: plugs.store() }),
      ...(plugs.events && { events: plugs.events() }),
    });
    await manager.open();
    try {
      const { id } = await manager.start({ prompt: "x" });
      const live = await readInPieces(manager, id, step);
      // The second time the run has ended: everything comes from the store.
      const replayed = await readInPieces(manager, id, step);
      expectEqual(live.length, emitted + 3, "The number of events");
      expectEqual(replayed, live, "The events read again");
    } finally {
      await manager.close();
    }
  }
}

async function readInPieces(manager: RunManager, id: string, step: number): Promise<StreamEvent[]> {
  const got: StreamEvent[] = [];
  for (let ended = false; !ended; ) {
    let piece = 0;
    for await (const event of manager.attach(id, { after: got.length })) {
      if (!("seq" in event)) continue;
      expectEqual(event.seq, got.length + 1, "The next event's seq");
      got.push(event);
      ended = ["completed", "failed"].includes(event.status ?? "");
      piece += 1;
      if (piece === step) break;
    }
    if (piece === 0) throw new Error(`The stream ended after ${got.length} events, before the run's end.`);
  }
  return got;
}
