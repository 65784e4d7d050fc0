import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Batch } from "../../lib/store/store.js";
import type { EventBuffer } from "../../lib/events/buffer.js";
import { asEvents, follow } from "../../lib/events/cursor.js";
import { Journal } from "../../lib/events/journal.js";
import { createRingBuffer } from "../../lib/events/ring-buffer.js";
import { defaultLimits } from "../../lib/limits.js";
import { createMemoryStore } from "../../lib/store/memory-store.js";
import { createTestHost } from "../../lib/testing/test-host.js";
import { createForgetfulBuffer } from "../support/forgetful-buffer.js";
import { subscribesLate } from "../support/mutants/late-buffer.js";
import { randomOf, trials } from "./support/trials.js";

interface Plan {
  readonly scheduler: fc.Scheduler;
  readonly count: number;
  readonly cursors: readonly number[];
  readonly forgets: boolean;
}

/** Several readers of a stream that is being written; every read and every commit takes its turn when the scheduler says. */
async function seenBy({ scheduler, count, cursors, forgets }: Plan, wrap: (buffer: EventBuffer) => EventBuffer): Promise<number[][]> {
  const memory = createMemoryStore();
  const store = {
    ...memory,
    read: scheduler.scheduleFunction((stream: string, after: number, bytes: number) => memory.read(stream, after, bytes)),
  };
  const ring = createForgetfulBuffer(createRingBuffer(defaultLimits));
  const slow = { ...memory, commit: scheduler.scheduleFunction((batch: Batch) => memory.commit(batch)) };
  const journal = new Journal({ store: slow, buffer: ring, host: createTestHost(), limits: defaultLimits, onFailed: () => {} });
  journal.open("a", 0);
  const left = new AbortController();
  let ended = false;
  const seen: number[][] = cursors.map(() => []);
  const reading = cursors.map(async (after, at) => {
    const stream = { name: "a", buffer: wrap(ring), store, ended: () => ended, gap: () => Promise.reject(new Error("a gap")) };
    for await (const page of follow(stream, asEvents, { after, follow: true, signal: left.signal }))
      seen[at]?.push(...page.map(({ seq }) => seq));
  });
  const writing = async (): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      await journal.append({ appends: [{ stream: "a", type: "test.event", payload: { n } }] }).committed;
      // What the ring lets go must come from the store.
      if (forgets && n % 2 === 0) ring.forget("a");
    }
  };
  await scheduler.waitFor(writing());
  // Nothing wakes the readers any more: whoever slept through an event sleeps on.
  await scheduler.waitIdle();
  const asleep = seen.map((seqs) => [...seqs]);
  ended = true;
  left.abort();
  await scheduler.waitFor(Promise.all(reading));
  return asleep;
}

const plan = fc.record({
  scheduler: fc.scheduler(),
  count: fc.integer({ min: 1, max: 5 }),
  cursors: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }),
  forgets: fc.boolean(),
});

/** Looks for an order in which a reader missed something. */
async function search(
  numRuns: number,
  seed: number,
  wrap: (buffer: EventBuffer) => EventBuffer = (buffer) => buffer,
): Promise<{ failed: boolean; report: string }> {
  const { failed, counterexample } = await fc.check(
    fc.asyncProperty(plan, async (given) => {
      const cursors = given.cursors.map((after) => Math.min(after, given.count));
      const seen = await seenBy({ ...given, cursors }, wrap);
      expect(seen).toEqual(cursors.map((after) => Array.from({ length: given.count - after }, (_, n) => after + n + 1)));
    }),
    { numRuns, seed },
  );
  return { failed, report: String(counterexample) };
}

describe("between replay and live", () => {
  it("nothing falls, whatever waits for what, and readers do not notice each other", async () => {
    const { seed } = randomOf("interleavings");
    const count = trials(20_000, 1_000_000);
    const { failed, report } = await search(count, seed);
    expect(failed, report).toBe(false);
    console.log(`${count} interleavings, 0 violations, seed ${seed}`);
  });

  it("something would fall, and be missed, if a reader subscribed after it has read", async () => {
    expect((await search(2_000, 1, subscribesLate)).failed).toBe(true);
  });
});
