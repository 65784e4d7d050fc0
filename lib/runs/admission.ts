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

/** How many runs may run at once. */
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
  held: number;
  /** Its next runs are being begun. */
  isBeginning: boolean;
  /** Start order by id, until the next change. */
  positions: Map<string, number> | undefined;
}

/** Told when a slot is taken or given back. */
type SlotChanged = (lane: Lane, key: string, change: 1 | -1) => void;

/** The one gate to an executor: lanes per depth, a bounded fair queue in front of each. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #lanes: Lane[] = [];
  readonly #heldByKey = new Map<string, number>();
  readonly #changed: SlotChanged = (lane, key, change) => {
    this.#hold(lane, key, change);
    // A key that is no longer capped may have runs waiting in any lane.
    if (change < 0) for (const other of this.#lanes) this.#begin(other);
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
    for (const lane of this.#lanes) this.#begin(lane);
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
    this.#begin(lane);
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
      this.#lanes.push({ limit, order: new FairOrder(), held: 0, isBeginning: false, positions: undefined });
    }
    return this.#lanes[depth] as Lane;
  }

  /** Begins what there is a place for. A run that gives its slot back while it begins is followed in the same loop. */
  #begin(lane: Lane): void {
    if (lane.isBeginning) return;
    lane.isBeginning = true;
    try {
      for (let slot = this.#next(lane); slot; slot = this.#next(lane)) slot.begin();
    } finally {
      lane.isBeginning = false;
    }
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
  #isHeld = false;

  constructor(candidate: Candidate, lane: Lane, changed: SlotChanged) {
    this.#candidate = candidate;
    this.#lane = lane;
    this.#changed = changed;
    this.retake();
  }

  begin(): void {
    this.#candidate.begin(this);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#changed(this.#lane, this.#candidate.key, -1);
  }

  retake(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#changed(this.#lane, this.#candidate.key, 1);
  }
}
