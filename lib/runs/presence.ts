/** Who is there to approve, per run; a reader of the feed, or the embedding application, is there for all of them. */
export class Presence {
  readonly #byRun = new Map<string, number>();
  readonly #changed: () => void;
  #everywhere = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Notes an approver of a run and all runs below it, or of everything; the returned function takes the note back. */
  join(run_id: string | undefined): () => void {
    this.#add(run_id, 1);
    let joined = true;
    return () => {
      if (joined) this.#add(run_id, -1);
      joined = false;
    };
  }

  /** Whether somebody approves for any of the runs: a run and those above it. */
  has(lineage: readonly string[]): boolean {
    return this.#everywhere > 0 || lineage.some((id) => this.#byRun.has(id));
  }

  #add(run_id: string | undefined, change: number): void {
    if (run_id === undefined) this.#everywhere += change;
    else {
      const count = (this.#byRun.get(run_id) ?? 0) + change;
      if (count > 0) this.#byRun.set(run_id, count);
      else this.#byRun.delete(run_id);
    }
    this.#changed();
  }
}
