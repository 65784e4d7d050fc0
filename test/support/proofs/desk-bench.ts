import type { StreamEvent } from "../../../lib/events/event.js";
import { feedStream, Journal } from "../../../lib/events/journal.js";
import type { Step } from "../../../lib/events/step.js";
import { createRingBuffer } from "../../../lib/events/ring-buffer.js";
import type { Host } from "../../../lib/host.js";
import { defaultLimits } from "../../../lib/limits.js";
import { Desk } from "../../../lib/questions/desk.js";
import type { QuestionDesk } from "../../../lib/questions/desk-types.js";
import type { DenyReason, Question } from "../../../lib/questions/schema.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { createFaultyStore, type FaultyStore } from "../../../lib/testing/faulty-store.js";
import { eventsOf } from "../../../lib/testing/store-subject.js";
import { createStepClock, type StepClock } from "./step-clock.js";

/** The desk as its manager uses it. */
export interface WholeDesk extends QuestionDesk {
  closing(runId: string, reason: DenyReason): Step;
  endCalls(reason: "restart" | "shutdown"): Promise<void>;
  presenceChanged(): void;
  stop(): void;
  recover(): Promise<void>;
}

export type DeskParts = ConstructorParameters<typeof Desk>[0];

/** How a desk is made. */
export type MakeDesk = (parts: DeskParts) => WholeDesk;

export const makeDesk: MakeDesk = (parts) => new Desk(parts);

/** One process with a desk in it, over a store that outlasts it. */
export interface DeskProcess {
  readonly desk: WholeDesk;
  readonly journal: Journal;
  /** Its way to the store, on which commits can be held. */
  readonly store: FaultyStore;
  /** Kills it: nothing that it commits from now on arrives, no promise of its settles any more. */
  kill(): void;
}

/** What the processes of one bench have in common. */
export interface DeskBench {
  readonly clock: StepClock;
  readonly inner: Store;
  /** Whether an approver is there. */
  present: boolean;
  start(make: MakeDesk): Promise<DeskProcess>;
  /** The stored events of a stream. */
  events(stream: string): Promise<readonly StreamEvent[]>;
  /** Lets every promise settle that waits for nothing but others. */
  settle(): Promise<void>;
}

/** A bench for runs' questions. */
export function createDeskBench(runs: readonly string[]): DeskBench {
  const clock = createStepClock();
  const inner = createMemoryStore();
  // The content is its own digest: nothing here depends on a thread pool.
  const host: Host = { clock, randomId: () => "id", log: () => {}, digest: async (text) => text };
  const bench: DeskBench = {
    clock,
    inner,
    present: true,
    async start(make) {
      let alive = true;
      const store = createFaultyStore(mortal(inner, () => alive));
      const journal = new Journal({ store, buffer: createRingBuffer(defaultLimits), host, limits: defaultLimits, onFailed: () => {} });
      for (const stream of [feedStream, ...runs.map((id) => `run:${id}`)]) {
        journal.open(stream, (await inner.read(stream, 0, 1)).lastSeq);
      }
      const desk = make({ journal, store, host, limits: defaultLimits, hasApprover: () => bench.present });
      await desk.recover();
      return { desk, journal, store, kill: () => void (alive = false) };
    },
    events: async (stream) => eventsOf(await inner.read(stream, 0, 1 << 20)),
    async settle() {
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return bench;
}

/** The ends of a run's open questions, as their manager takes them. */
export async function closeAll({ desk, journal }: DeskProcess, runId: string, reason: DenyReason): Promise<void> {
  await journal.append(desk.closing(runId, reason)).committed;
}

/** The question's record as stored. */
export async function recordOf(bench: DeskBench, questionId: string): Promise<Question> {
  return (await bench.inner.get("questions", questionId))?.record as Question;
}

function mortal(inner: Store, alive: () => boolean): Store {
  const unless = <Call extends readonly unknown[], Value>(method: (...call: Call) => Promise<Value>) => {
    return (...call: Call): Promise<Value> => (alive() ? method(...call) : new Promise<Value>(() => {}));
  };
  return { ...inner, commit: unless(inner.commit), get: unless(inner.get), list: unless(inner.list), read: unless(inner.read) };
}
