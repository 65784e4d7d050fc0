import fc from "fast-check";
import type { EventBuffer } from "../../../lib/events/buffer.js";
import { asEvents, follow } from "../../../lib/events/cursor.js";
import { Journal } from "../../../lib/events/journal.js";
import { defaultLimits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { expectEqual } from "../../../lib/testing/expect.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { createForgetfulBuffer } from "../forgetful-buffer.js";

/** The plug points between a writer and its readers. */
export interface StreamPlugs {
  readonly buffer: () => EventBuffer;
  readonly store?: (store: Store) => Store;
}

/** A reader that begins anywhere and is woken at any moment gets each event once and in order, and sleeps on none. */
export async function proveReplayToLive(
  { buffer: makeBuffer, store: around = (store) => store }: StreamPlugs,
  trials = 100,
): Promise<void> {
  const property = fc.asyncProperty(
    fc.scheduler(),
    fc.integer({ min: 1, max: 30 }),
    fc.nat(10),
    fc.boolean(),
    async (scheduler, count, behind, forgets) => {
      const store = around(createMemoryStore());
      const buffer = createForgetfulBuffer(makeBuffer());
      const journal = new Journal({ store, buffer, host: createTestHost(), limits: defaultLimits, onFailed: () => {} });
      journal.open("a", 0);
      const after = Math.min(behind, count);
      const wanted = Array.from({ length: count - after }, (_, index) => after + index + 1);
      const slow: Store = { ...store, read: scheduler.scheduleFunction((...call: Parameters<Store["read"]>) => store.read(...call)) };
      const leave = new AbortController();
      const got: number[] = [];
      const reading = (async () => {
        const stream = { name: "a", buffer, store: slow, ended: () => false, gap: () => Promise.reject(new Error("There is no gap.")) };
        for await (const page of follow(stream, asEvents, { after, follow: true, signal: leave.signal })) {
          got.push(...page.map(({ seq }) => seq));
          // What is wrong already would perhaps never end.
          if (got.length > wanted.length) return;
        }
      })();
      const writing = scheduler.scheduleSequence(
        Array.from({ length: count }, (_, n) => async () => {
          await journal.append({ appends: [{ stream: "a", type: "test.event", payload: { n } }] }).committed;
          // What the ring lets go must come from the store.
          if (forgets && n % 4 === 0) buffer.forget("a");
        }),
      );
      await scheduler.waitFor(writing.task);
      // Nobody wakes the reader any more: what it has not been told of by now, it sleeps on.
      for (let idle = 0; idle < 3 && got.length < wanted.length; ) {
        if (scheduler.count() > 0) await scheduler.waitOne();
        else idle += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      leave.abort();
      await scheduler.waitIdle();
      await reading;
      expectEqual(got, wanted, `The events after ${after}`);
    },
  );
  await fc.assert(property, { numRuns: trials });
}
