import type { StreamEvent } from "../../../lib/events/event.js";
import type { Append, Batch, Delete, Put } from "../../../lib/store/store.js";
import { type Random, randomOf } from "./store-random.js";

interface ModelRun {
  readonly id: string;
  readonly events: StreamEvent[];
  revision: number;
  record: object;
}

const mostActive = 4;
const mostEnded = 6;

/** The record that says up to which operation a store has come. */
export const progress = { collection: "meta", id: "progress" } as const;

/**
 * An endless sequence of batches like those of a run manager, and the model of a store that has taken them: after
 * operation n a store holds exactly what this holds. The sequence follows from the seed alone.
 */
export class Workload {
  readonly #seed: number;
  readonly #active: ModelRun[] = [];
  readonly #ended: ModelRun[] = [];
  readonly #pruned: string[] = [];
  #op = 0;
  #started = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The last operation taken. */
  get op(): number {
    return this.#op;
  }

  /** Runs that must be there, with their events. */
  get runs(): readonly Readonly<ModelRun>[] {
    return [...this.#ended, ...this.#active];
  }

  /** Runs of which nothing may be left. */
  get pruned(): readonly string[] {
    return this.#pruned;
  }

  /** Takes operations up to this one. */
  advanceTo(op: number): void {
    while (this.#op < op) this.next();
  }

  /** Takes the next operation. */
  next(): Batch {
    this.#op += 1;
    const mark: Put = { ...progress, record: { op: this.#op }, expectedRevision: this.#op - 1 };
    const { puts = [], ...rest } = this.#step(randomOf(this.#seed, this.#op));
    return { ...rest, puts: [...puts, mark] };
  }

  #step(random: Random): Batch {
    if (this.#ended.length > mostEnded) return this.#prune(random.between(1, 3));
    if (this.#active.length === 0 || (this.#active.length < mostActive && random.chance(0.2))) return this.#start(random);
    const run = random.pick(this.#active);
    if (random.chance(0.15)) return this.#end(run, random);
    if (random.chance(0.15)) return { puts: [this.#put(run, "running", random)] };
    return { appends: [this.#append(run, random, "running")], puts: [this.#put(run, "running", random)] };
  }

  #start(random: Random): Batch {
    const run: ModelRun = { id: `R-${++this.#started}`, events: [], revision: 0, record: {} };
    this.#active.push(run);
    return { appends: [this.#append(run, random, "queued")], puts: [this.#put(run, "queued", random)] };
  }

  #end(run: ModelRun, random: Random): Batch {
    this.#active.splice(this.#active.indexOf(run), 1);
    this.#ended.push(run);
    return { appends: [this.#append(run, random, "completed")], puts: [this.#put(run, "completed", random)] };
  }

  #prune(count: number): Batch {
    const gone = this.#ended.splice(0, count);
    this.#pruned.push(...gone.map(({ id }) => id));
    const deletes = gone.map(({ id }): Delete => ({ collection: "runs", id }));
    return { deletes, drops: gone.map(({ id }) => streamOf(id)) };
  }

  /** Several events, of which the last one has the status. */
  #append(run: ModelRun, random: Random, status: string): Append {
    const expectedSeq = run.events.length;
    const count = random.between(1, 5);
    const events = Array.from({ length: count }, (_, index): StreamEvent => {
      const seq = expectedSeq + 1 + index;
      const isLast = index === count - 1;
      return {
        id: `evt_${seq}`,
        run_id: run.id,
        seq,
        type: "test.event",
        status: isLast || status === "queued" ? status : "running",
        time: "2026-01-02T03:04:05.678Z",
        payload: { op: this.#op, text: textOf(random) },
      };
    });
    run.events.push(...events);
    return { stream: streamOf(run.id), expectedSeq, events };
  }

  #put(run: ModelRun, status: string, random: Random): Put {
    run.record = { id: run.id, status, last_seq: run.events.length, op: this.#op, note: textOf(random).slice(0, 80) };
    return { collection: "runs", id: run.id, record: run.record, expectedRevision: run.revision++ };
  }
}

/** The stream of a run. */
export function streamOf(id: string): string {
  return `run:${id}`;
}

/** Mostly short, sometimes more than a page of the file. */
function textOf(random: Random): string {
  const length = random.chance(0.1) ? random.between(4_000, 12_000) : random.between(0, 300);
  return String.fromCharCode(random.between(0x61, 0x7a)).repeat(length);
}
