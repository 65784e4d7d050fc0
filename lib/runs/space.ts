import { AnodeError } from "../errors.js";
import type { Journal } from "../events/journal.js";
import type { Clock } from "../host.js";
import type { Store, StoreUsage } from "../store/store.js";

const lowShare = 0.9;
const enoughShare = 0.85;
const lookEveryMs = 1000;

/** Whether there is room for new runs: below 90 % of the store's bound, and again below 85 %. */
export class Space {
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #clock: Clock;
  #low = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #usage: StoreUsage | undefined;

  constructor(store: Store, journal: Journal, clock: Clock) {
    this.#store = store;
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Codes for the status document. */
  get degraded(): string[] {
    return [...(this.#low ? ["storage_low"] : []), ...(this.#journal.full ? ["storage_full"] : [])];
  }

  /** @throws `storage_full`, `storage_low` */
  assertRoom(): void {
    this.#journal.assertSpace("this run");
    this.#lookAgain();
    if (this.#low) throw new AnodeError("storage_low", "The store is nearly full; prune ended runs or raise its limit.");
  }

  /** What the store occupied when it was last looked at; a status is told at once, also while a slow disk is under way. */
  async usage(): Promise<StoreUsage> {
    if (!this.#usage) return this.look();
    this.#lookAgain();
    return this.#usage;
  }

  async look(): Promise<StoreUsage> {
    this.#lookedAt = this.#clock.monotonic();
    const usage = await this.#store.usage();
    const share = usage.limitBytes === 0 ? 0 : usage.bytes / usage.limitBytes;
    this.#low = share >= (this.#low ? enoughShare : lowShare);
    this.#usage = usage;
    return usage;
  }

  /** Beside the call: nobody waits for a figure that changes slowly. */
  #lookAgain(): void {
    if (this.#clock.monotonic() - this.#lookedAt > lookEveryMs) this.look().catch(() => {});
  }
}
