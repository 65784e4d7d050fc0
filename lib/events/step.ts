import type { Delete, Put, Trim } from "../store/store.js";
import type { StreamEvent } from "./event.js";

/** An event before it has a place in its stream. */
export interface Draft {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly run_id?: string;
  readonly peer_id?: string;
}

/** What folding an event into its owner's record gives. */
export interface Folded {
  readonly run_id?: string;
  readonly status?: string;
  readonly put?: Put;
  readonly feed?: Draft;
}

/** Whoever keeps a record of a stream: folds each event before it is appended, hears of it when it is durable. */
export interface StreamOwner {
  /** Synchronous. A throw refuses the event: it gets no seq and nothing of its step is appended. */
  fold(type: string, payload: Draft["payload"], seq: number, time: string): Folded;
  committed?(events: readonly StreamEvent[]): void;
  /** False = nobody follows the stream: it is read from the store, and no buffer keeps its events. @defaultValue true */
  readonly isFollowed?: boolean;
}

/** One atomic change: events of any streams, records, and what goes to the feed. */
export interface Step {
  readonly appends?: readonly (Draft & { readonly stream: string })[];
  readonly puts?: readonly Put[];
  readonly deletes?: readonly Delete[];
  readonly drops?: readonly string[];
  readonly trims?: readonly Trim[];
  readonly feed?: readonly Draft[];
  /**
   * What happens when there is no space: `refuse` (the step is undone by its caller and rejects) or `hold` (it waits
   * for space, because its effect has happened). @defaultValue "hold"
   */
  readonly whenFull?: "refuse" | "hold";
  /** Called in the very call that takes the step, once it has its place: what it changes in memory changes now. */
  readonly taken?: (step: Appended) => void;
  /** Called when the step is durable, or with what refused it, before those hear of it who wait for its promise: it needs none. It does not throw. */
  readonly settled?: (refusal?: unknown) => void;
}

/** A step that has its place in the streams. */
export interface Appended {
  readonly events: readonly StreamEvent[];
  /** Resolves when the step is durable, with the seq of its first event (0 = it has none); nobody has to look at it. */
  readonly committed: Promise<number>;
  /** The same for a caller, whom a disk without space must not hold: rejects with `storage_full` as soon as the step has to wait for that. */
  readonly kept: Promise<number>;
  /** It cannot be refused any more, and is committed when there is space. */
  readonly isHeld: boolean;
}
