import PQueue from "p-queue";
import { AnodeError } from "../errors.js";
import { FairOrder, type Waiting } from "./fair-order.js";

/** A run that waits for its slot. */
export interface Candidate extends Waiting {
  /** Depth in its tree: each depth has a lane of its own, so a run never waits for one that waits for it. */
  readonly depth: number;
  /** Called once with the slot the run now holds. */
  begin(slot: Slot): void;
}

/** The right to run. */
export interface Slot {
  /** Gives the slot back: at the end, or while the run is idle. Harmless when it is not held. */
  release(): void;
  /** Takes it again at once, over the lane's limit if need be; the overshoot only delays new starts. */
  retake(): void;
}

export interface AdmissionOptions {
  readonly concurrency: number;
  readonly childConcurrency: number;
  /** Running runs per key; absent = no cap. */
  readonly keyConcurrency?: number;
  /** Queued runs over all lanes. */
  readonly queueLimit: number;
}

interface Lane {
  readonly limit: number;
  readonly order: FairOrder<Candidate>;
  readonly queue: PQueue;
  held: number;
  /** Start order by id, until the next change. */
  positions: Map<string, number> | undefined;
}

/** Told when a slot is taken or given back; `isWatched`: the one who began its run hears of it too, and goes on with the lane. */
type SlotChanged = (lane: Lane, key: string, change: 1 | -1, isWatched: boolean) => void;

/** The one gate to an executor: lanes per depth, a bounded fair queue in front of each. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #lanes: Lane[] = [];
  readonly #heldByKey = new Map<string, number>();
  readonly #changed: SlotChanged = (lane, key, change, isWatched) => {
    this.#hold(lane, key, change);
    if (change > 0) return;
    // A key that is no longer capped may have runs waiting in any lane. Where somebody waits for the slot, they go on with it.
    for (const other of this.#lanes) if (other !== lane || !isWatched) this.#pump(other);
  };
  #queued = 0;
  #paused = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Number of queued runs. */
  get queued(): number {
    return this.#queued;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** While paused, runs are accepted and queued, none is started. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const lane of this.#lanes) this.#pump(lane);
  }

  /** @throws `queue_full` */
  assertRoom(retryAfterSeconds: () => number): void {
    if (this.#queued < this.#options.queueLimit) return;
    throw new AnodeError("queue_full", `The queue is full: ${this.#options.queueLimit} runs are waiting.`, {
      retryAfterSeconds: retryAfterSeconds(),
    });
  }

  enqueue(candidate: Candidate): void {
    const lane = this.#lane(candidate.depth);
    lane.order.add(candidate);
    lane.positions = undefined;
    this.#queued += 1;
    this.#pump(lane);
  }

  /** Takes a run out of the queue; false when it is not queued. */
  remove(id: string): boolean {
    for (const lane of this.#lanes) {
      if (!lane.order.remove(id)) continue;
      lane.positions = undefined;
      this.#queued -= 1;
      return true;
    }
    return false;
  }

  /** 1 = next in its lane; `undefined` = not queued. */
  position(id: string): number | undefined {
    const lane = this.#lanes.find((candidate) => candidate.order.has(id));
    if (!lane) return undefined;
    lane.positions ??= new Map(lane.order.sequence().map((waiting, index) => [waiting, index + 1]));
    return lane.positions.get(id);
  }

  #lane(depth: number): Lane {
    for (let next = this.#lanes.length; next <= depth; next++) {
      const limit = next === 0 ? this.#options.concurrency : this.#options.childConcurrency;
      this.#lanes.push({ limit, order: new FairOrder(), queue: new PQueue({ concurrency: limit }), held: 0, positions: undefined });
    }
    return this.#lanes[depth] as Lane;
  }

  #pump(lane: Lane): void {
    for (let slot = this.#next(lane); slot; slot = this.#next(lane)) void lane.queue.add(() => this.#work(lane, slot));
  }

  /** Begins one run after the other as long as there is a place for them: a task of the queue is dearer than a short run. */
  #work(lane: Lane, first: HeldSlot): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let isBeginning = false;
    const begin = (next: HeldSlot | undefined): void => {
      isBeginning = true;
      let slot = next;
      // One that gives its slot back while it begins is followed in this loop.
      for (; slot; slot = this.#next(lane)) if (slot.begin(left)) break;
      isBeginning = false;
      if (!slot) resolve();
    };
    const left = (): void => {
      if (!isBeginning) begin(this.#next(lane));
    };
    begin(first);
    return promise;
  }

  /** A slot for the run that is next, if there is one and a place for it. */
  #next(lane: Lane): HeldSlot | undefined {
    if (this.#paused || lane.held >= lane.limit) return undefined;
    const candidate = lane.order.take((key) => this.#isCapped(key));
    if (!candidate) return undefined;
    lane.positions = undefined;
    this.#queued -= 1;
    return new HeldSlot(candidate, lane, this.#changed);
  }

  #isCapped(key: string): boolean {
    const cap = this.#options.keyConcurrency;
    return cap !== undefined && (this.#heldByKey.get(key) ?? 0) >= cap;
  }

  #hold(lane: Lane, key: string, change: 1 | -1): void {
    lane.held += change;
    if (this.#options.keyConcurrency === undefined) return;
    const held = (this.#heldByKey.get(key) ?? 0) + change;
    if (held > 0) this.#heldByKey.set(key, held);
    else this.#heldByKey.delete(key);
  }
}

/** A slot from its start: held until it is released, and again after it is retaken. */
class HeldSlot implements Slot {
  readonly #candidate: Candidate;
  readonly #lane: Lane;
  readonly #changed: SlotChanged;
  /** Who is told of the first release. */
  #left: (() => void) | undefined;
  #isHeld = false;

  constructor(candidate: Candidate, lane: Lane, changed: SlotChanged) {
    this.#candidate = candidate;
    this.#lane = lane;
    this.#changed = changed;
    this.retake();
  }

  /** Begins its run; `left` is called at the first release. True when the slot is held from here on. */
  begin(left: () => void): boolean {
    this.#left = left;
    this.#candidate.begin(this);
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const left = this.#left;
    this.#left = undefined;
    this.#changed(this.#lane, this.#candidate.key, -1, left !== undefined);
    left?.();
  }

  retake(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#changed(this.#lane, this.#candidate.key, 1, false);
  }
}
