import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Admission, type Slot } from "../../../lib/runs/admission.js";
import { FairOrder, overtakenLimit, type Waiting } from "../../../lib/runs/fair-order.js";

/** The rules, said the slow way. */
class Model {
  waiting: (Waiting & { overtaken: number })[] = [];
  turns = new Map<number, string[]>();

  add(item: Waiting): void {
    this.waiting.push({ ...item, overtaken: 0 });
    const turns = this.turns.get(item.priority) ?? [];
    if (!turns.includes(item.key)) this.turns.set(item.priority, [...turns, item.key]);
  }

  take(isCapped: (key: string) => boolean): string | undefined {
    const free = this.waiting.filter((item) => !isCapped(item.key));
    const starved = free.filter((item) => item.overtaken >= overtakenLimit);
    const top = Math.max(...free.map((item) => item.priority));
    const turn = (this.turns.get(top) ?? []).find((key) => free.some((item) => item.key === key && item.priority === top));
    const chosen = starved[0] ?? free.find((item) => item.priority === top && item.key === turn);
    if (!chosen) return undefined;
    for (const item of this.waiting.slice(0, this.waiting.indexOf(chosen))) item.overtaken += 1;
    this.drop(chosen.id);
    const rest = (this.turns.get(chosen.priority) ?? []).filter((key) => key !== chosen.key);
    const stays = this.waiting.some((item) => item.key === chosen.key && item.priority === chosen.priority);
    this.turns.set(chosen.priority, stays ? [...rest, chosen.key] : rest);
    return chosen.id;
  }

  drop(id: string): void {
    const item = this.waiting.find((candidate) => candidate.id === id);
    this.waiting = this.waiting.filter((candidate) => candidate.id !== id);
    if (item && !this.waiting.some((other) => other.key === item.key && other.priority === item.priority)) {
      this.turns.set(
        item.priority,
        (this.turns.get(item.priority) ?? []).filter((key) => key !== item.key),
      );
    }
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ add: fc.constantFrom("a", "b", "c", "d"), priority: fc.integer({ min: -1, max: 1 }) }) },
  { weight: 4, arbitrary: fc.record({ take: fc.subarray(["a", "b", "c"]) }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.nat(400) }) },
);

describe("FairOrder", () => {
  it("gives what the rules say, step by step", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const order = new FairOrder();
        const model = new Model();
        let count = 0;
        for (const action of steps) {
          if ("add" in action) {
            const item = { id: `r${count++}`, key: action.add, priority: action.priority };
            order.add(item);
            model.add(item);
          } else if ("take" in action) {
            const isCapped = (key: string): boolean => action.take.includes(key as "a");
            expect(order.take(isCapped)?.id).toBe(model.take(isCapped));
          } else {
            order.remove(`r${action.remove}`);
            model.drop(`r${action.remove}`);
          }
          expect(order.size).toBe(model.waiting.length);
        }
        const sequence = order.sequence();
        expect(sequence).toEqual(Array.from({ length: model.waiting.length }, () => model.take(() => false)));
      }),
      { numRuns: 200 },
    );
  });

  it("lets nobody be overtaken without end", () => {
    const order = new FairOrder();
    order.add({ id: "low", key: "z", priority: -100 });
    let taken = 0;
    for (let n = 0; n < 1000; n++) {
      order.add({ id: `high${n}`, key: "a", priority: 100 });
      taken += 1;
      if (order.take()?.id === "low") break;
    }
    expect(taken).toBe(overtakenLimit + 1);
  });
});

describe("Admission", () => {
  function bench(options: Partial<ConstructorParameters<typeof Admission>[0]> = {}) {
    const admission = new Admission({ concurrency: 2, childConcurrency: 1, queueLimit: 100, ...options });
    const slots = new Map<string, Slot>();
    const begun: string[] = [];
    const enqueue = (id: string, key = "k", depth = 0): void =>
      admission.enqueue({
        id,
        key,
        priority: 0,
        depth,
        begin(slot) {
          slots.set(id, slot);
          begun.push(id);
        },
      });
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    return { admission, slots, begun, enqueue, settle };
  }

  it("runs so many at once in each lane, and never makes a parent wait for its child's lane", async () => {
    const { begun, enqueue, slots, settle } = bench();
    for (const id of ["p1", "p2", "p3"]) enqueue(id);
    for (const id of ["c1", "c2"]) enqueue(id, "k", 1);
    await settle();
    expect(begun).toEqual(["p1", "p2", "c1"]);
    slots.get("c1")?.release();
    await settle();
    expect(begun).toEqual(["p1", "p2", "c1", "c2"]);
  });

  it("begins no more than may run, whatever comes while a slot goes from one run to the next", async () => {
    const { admission, begun, enqueue, slots, settle } = bench({ concurrency: 1 });
    enqueue("a");
    enqueue("b");
    slots.get("a")?.release();
    enqueue("c");
    await settle();
    expect([begun, admission.queued]).toEqual([["a", "b"], 1]);
    admission.pause();
    slots.get("b")?.release();
    await settle();
    enqueue("d");
    expect([begun, admission.queued]).toEqual([["a", "b"], 2]);
    admission.resume();
    await settle();
    slots.get("c")?.release();
    await settle();
    expect(begun).toEqual(["a", "b", "c", "d"]);
  });

  it("gives an idle run's slot away and lets it come back over the limit, which only delays new starts", async () => {
    const { admission, begun, enqueue, slots, settle } = bench({ concurrency: 1 });
    enqueue("idle");
    enqueue("next");
    enqueue("last");
    await settle();
    slots.get("idle")?.release();
    await settle();
    expect(begun).toEqual(["idle", "next"]);
    slots.get("idle")?.retake();
    slots.get("idle")?.retake();
    slots.get("next")?.release();
    await settle();
    expect([begun, admission.queued]).toEqual([["idle", "next"], 1]);
    slots.get("idle")?.release();
    slots.get("idle")?.release();
    await settle();
    expect(begun).toEqual(["idle", "next", "last"]);
  });

  it("skips a capped key without blocking the others, and goes on when the key is free", async () => {
    const { admission, begun, enqueue, slots, settle } = bench({ concurrency: 3, keyConcurrency: 1 });
    enqueue("a1", "a");
    enqueue("a2", "a");
    enqueue("b1", "b");
    await settle();
    expect([begun, admission.position("a2")]).toEqual([["a1", "b1"], 1]);
    slots.get("a1")?.release();
    await settle();
    expect(begun).toEqual(["a1", "b1", "a2"]);
  });

  it("starts nothing while it is paused, and forgets what is taken out", async () => {
    const { admission, begun, enqueue, settle } = bench();
    admission.pause();
    enqueue("a");
    enqueue("b");
    await settle();
    expect([begun, admission.position("b")]).toEqual([[], 2]);
    expect([admission.remove("a"), admission.remove("a"), admission.position("b")]).toEqual([true, false, 1]);
    admission.resume();
    await settle();
    expect(begun).toEqual(["b"]);
  });

  it("refuses more than the queue holds", () => {
    const { admission, enqueue } = bench({ concurrency: 1, queueLimit: 1 });
    enqueue("a");
    admission.assertRoom(() => 7);
    enqueue("b");
    expect(() => admission.assertRoom(() => 7)).toThrow(expect.objectContaining({ code: "queue_full", retryAfterSeconds: 7 }));
  });
});
