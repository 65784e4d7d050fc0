/** What a receiver did with the newest deliveries, so that one that comes twice has its effect once. */
export class SeenDeliveries<Outcome> {
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  readonly #most: number;

  constructor(most = 1_024) {
    this.#most = most;
  }

  /** Takes a delivery: for the first time by `take`, later what came of that. An outcome that is not `lasting` is forgotten. */
  async once(delivery_id: string, take: () => Promise<Outcome>, lasting: (outcome: Outcome) => boolean): Promise<Outcome> {
    const known = this.#outcomes.get(delivery_id);
    if (known) return known;
    const taken = take();
    this.#outcomes.set(delivery_id, taken);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > this.#most && oldest !== undefined) this.#outcomes.delete(oldest);
    const outcome = await taken;
    if (!lasting(outcome)) this.#outcomes.delete(delivery_id);
    return outcome;
  }
}
