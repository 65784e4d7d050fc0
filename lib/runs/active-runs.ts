import type { ActiveRun } from "./active-run.js";

/** The runs that have not ended, by id, and whose child one of them is. */
export class ActiveRuns {
  readonly #runs = new Map<string, ActiveRun>();
  /** Active children by the id of their parent, which may itself have ended. */
  readonly #childrenOf = new Map<string, number>();

  get size(): number {
    return this.#runs.size;
  }

  get(id: string): ActiveRun | undefined {
    return this.#runs.get(id);
  }

  values(): IterableIterator<ActiveRun> {
    return this.#runs.values();
  }

  add(run: ActiveRun): void {
    this.#runs.set(run.id, run);
    this.#count(run, 1);
    run.parent?.addChild(run);
  }

  remove(run: ActiveRun): void {
    if (!this.#runs.delete(run.id)) return;
    this.#count(run, -1);
    run.parent?.removeChild(run);
  }

  /** Whether the run is active, or has an active child. */
  isNeeded(id: string): boolean {
    return this.#runs.has(id) || this.#childrenOf.has(id);
  }

  #count({ request: { parent_id } }: ActiveRun, change: number): void {
    if (parent_id === undefined) return;
    const count = (this.#childrenOf.get(parent_id) ?? 0) + change;
    if (count > 0) this.#childrenOf.set(parent_id, count);
    else this.#childrenOf.delete(parent_id);
  }
}
