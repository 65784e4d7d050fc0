import { describe, it } from "vitest";
import { createRingBuffer } from "../../lib/events/ring-buffer.js";
import { defaultLimits } from "../../lib/limits.js";
import { createMemoryStore } from "../../lib/store/memory-store.js";
import type { Store } from "../../lib/store/store.js";
import { wrongBuffers } from "../support/mutants/buffers.js";
import { expectCaught } from "../support/mutants/caught.js";
import { wrongCallDesks, wrongDesks } from "../support/mutants/desks.js";
import { takesLateEvents } from "../support/mutants/executors.js";
import { wrongGates } from "../support/mutants/gates.js";
import { appendsAfterTheEnd, withDefect, wrongStores } from "../support/mutants/stores.js";
import { callHappenings, proveCallEndings } from "../support/proofs/call-endings.js";
import { proveHostStage } from "../support/proofs/host-stage.js";
import { proveOneEnding } from "../support/proofs/one-ending.js";
import { ordersOf, proveEndings, timings } from "../support/proofs/question-endings.js";
import { proveReplayToLive } from "../support/proofs/replay-to-live.js";
import { proveResume } from "../support/proofs/resume.js";
import { proveStalledReadersCostNothing } from "../support/proofs/stalled-readers.js";
import { call, testHandler } from "../unit/http/fixtures.js";

const buffer = (name: string): typeof createRingBuffer => wrongBuffers[name] ?? createRingBuffer;
const storeThat = (name: string) => withDefect(createMemoryStore(), wrongStores[name] ?? { defect: () => ({}), breaks: [] });

describe("a resuming reader sees each event once, in order (R7)", () => {
  it.each(["skips an event after the cursor", "repeats the event at the cursor"])("is caught over a buffer that %s", async (name) => {
    await expectCaught(name, () => proveResume({ events: () => buffer(name)(defaultLimits) }), /The next event/);
  });

  it("is caught over a store that reads from the cursor instead of after it", async () => {
    const name = "reads from the cursor instead of after it";
    await expectCaught(name, () => proveResume({ store: () => storeThat(name) }), /The next event/);
  });

  it("holds over the right parts", () => proveResume({ store: createMemoryStore, events: () => createRingBuffer(defaultLimits) }));
});

describe("nothing falls between replay and live (R8)", () => {
  it.each(["subscribes a reader after its first read", "never wakes", "skips an event after the cursor"])(
    "is caught over a buffer that %s",
    async (name) => {
      await expectCaught(name, () => proveReplayToLive({ buffer: () => buffer(name)(defaultLimits) }), /The events after/);
    },
  );

  it("is caught over a store that acknowledges before it commits", async () => {
    const name = "acknowledges before it commits";
    const wrong = wrongStores[name]?.defect ?? (() => ({}));
    const plugs = { buffer: () => createRingBuffer(defaultLimits), store: (store: Store) => ({ ...store, ...wrong(store) }) };
    await expectCaught(name, () => proveReplayToLive(plugs), /The events after/);
  });
});

describe("a run's log ends with its one terminal event (R10, R12)", () => {
  it("is caught over a store that keeps the terminal event twice", async () => {
    const twice = (store: Store): Store =>
      appendsAfterTheEnd(store, (terminal) => ({ ...terminal, seq: terminal.seq + 1, id: `evt_${terminal.seq + 1}` }));
    await expectCaught("keeps the terminal event twice", () => proveOneEnding({ store: twice }), /One terminal event/);
  });

  it("is caught over a store that keeps an event after the terminal one", async () => {
    const prolonged = (store: Store): Store =>
      appendsAfterTheEnd(store, (terminal) => ({
        ...terminal,
        seq: terminal.seq + 1,
        id: `evt_${terminal.seq + 1}`,
        type: "x.late",
        status: "running",
      }));
    await expectCaught("keeps an event after the terminal one", () => proveOneEnding({ store: prolonged }), /One terminal event/);
  });

  it("is caught over an executor whose late events are taken", async () => {
    await expectCaught("takes late events", () => proveOneEnding({ executor: takesLateEvents }), /What late events are answered/);
  });

  it("holds over the right parts", () => proveOneEnding({}));
});

describe("a question ends once and allows only by a recorded allow (R20)", () => {
  it.each(Object.entries(wrongDesks))("is caught over a desk that %s", async (name, make) => {
    const proof = async (): Promise<void> => {
      for (const order of ordersOf(2)) for (const timing of timings) await proveEndings(make, order, timing);
    };
    await expectCaught(name, proof, /^(The record|The closing events|A late answer)/);
  });
});

describe("a question that calls wait for ends once, and tells no allow that is not recorded (R20)", () => {
  it.each(Object.entries(wrongCallDesks))("is caught over a desk that %s", async (name, [make, complaint]) => {
    const proof = async (): Promise<void> => {
      for (const first of callHappenings)
        for (const second of callHappenings) for (const timing of timings) await proveCallEndings(make, [first, second], timing);
    };
    await expectCaught(name, proof, complaint);
  });
});

describe("a stalled reader costs next to nothing (R23)", () => {
  it("is caught over a buffer that queues for each subscriber", async () => {
    await expectCaught(
      "queues for each subscriber",
      () => proveStalledReadersCostNothing(buffer("queues for each subscriber")),
      /Stalled readers/,
    );
  });

  it("holds over the ring", () => proveStalledReadersCostNothing(createRingBuffer));
});

describe("a call under a foreign name is refused (T3)", () => {
  it.each(Object.entries(wrongGates))("is caught over a gate that %s", async (name, wrong) => {
    await expectCaught(name, () => proveHostStage(wrong(testHandler().handle), call()), /^The status of/);
  });

  it("holds over the whole gate", () => proveHostStage(testHandler().handle, call()));
});
