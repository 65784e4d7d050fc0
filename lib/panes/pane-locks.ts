/** Panes in which somebody is at work: one at a time. */
export class PaneLocks {
  readonly #held = new Set<string>();

  /** Takes a pane and answers how to let it go; nothing when another has it. */
  take(pane_id: string): (() => void) | undefined {
    if (this.#held.has(pane_id)) return undefined;
    this.#held.add(pane_id);
    return () => void this.#held.delete(pane_id);
  }
}
