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

/** The one gate to an executor: lanes per depth, a bounded fair queue in front of each. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #lanes: Lane[] = [];
  readonly #heldByKey = new Map<string, number>();
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
    while (!this.#paused && lane.held < lane.limit) {
      const candidate = lane.order.take((key) => this.#isCapped(key));
      if (!candidate) return;
      lane.positions = undefined;
      this.#queued -= 1;
      this.#begin(lane, candidate);
    }
  }

  #isCapped(key: string): boolean {
    const cap = this.#options.keyConcurrency;
    return cap !== undefined && (this.#heldByKey.get(key) ?? 0) >= cap;
  }

  #begin(lane: Lane, candidate: Candidate): void {
    const slot = new HeldSlot(
      () => this.#freed(lane, candidate),
      () => this.#held(lane, candidate),
    );
    void lane.queue.add(() => {
      candidate.begin(slot);
      return slot.freed;
    });
  }

  #held(lane: Lane, { key }: Candidate): void {
    lane.held += 1;
    this.#heldByKey.set(key, (this.#heldByKey.get(key) ?? 0) + 1);
  }

  #freed(lane: Lane, { key }: Candidate): void {
    lane.held -= 1;
    const left = (this.#heldByKey.get(key) ?? 1) - 1;
    if (left > 0) this.#heldByKey.set(key, left);
    else this.#heldByKey.delete(key);
    // A key that is no longer capped may have runs waiting in any lane.
    if (this.#options.keyConcurrency === undefined) this.#pump(lane);
    else for (const other of this.#lanes) this.#pump(other);
  }
}

/** A slot from its start: held until it is released, and again after it is retaken. */
class HeldSlot implements Slot {
  readonly #onRelease: () => void;
  readonly #onHold: () => void;
  readonly #freed = Promise.withResolvers<void>();
  #isHeld = true;

  constructor(onRelease: () => void, onHold: () => void) {
    this.#onRelease = onRelease;
    this.#onHold = onHold;
    onHold();
  }

  /** Resolves at the first release: then the queue may go on. */
  get freed(): Promise<void> {
    return this.#freed.promise;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#freed.resolve();
    this.#onRelease();
  }

  retake(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#onHold();
  }
}
