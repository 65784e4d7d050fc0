import { feedStream, type Journal } from "../events/journal.js";
import type { CancelTimer, Host } from "../host.js";
import type { Limits } from "../limits.js";
import { expiredQuestions } from "../questions/retention.js";
import type { IdempotencyKeys } from "../store/idempotency.js";
import type { Delete, Store } from "../store/store.js";
import { runCollection } from "./active-run.js";
import type { Retention } from "./options.js";
import { oldFeedSeq, type PruneRule, pruneRuns } from "./retention.js";
import { isTerminal } from "./transitions.js";

const hourMs = 3_600_000;
/** The history is not scanned for every single run: it may grow a tenth over what is kept. */
const slack = 1.1;

/** Keeps the history within its bounds: counts runs by status, removes the oldest ended ones. */
export class Keeper {
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #retention: Retention;
  readonly #idempotency: IdempotencyKeys;
  readonly #isNeeded: (id: string) => boolean;
  readonly #counts = new Map<string, number>();
  #ended = 0;
  #pruning = false;
  #cancelTick: CancelTimer = () => {};

  constructor(parts: {
    store: Store;
    journal: Journal;
    host: Host;
    limits: Limits;
    retention: Retention;
    idempotency: IdempotencyKeys;
    isNeeded: (id: string) => boolean;
  }) {
    this.#store = parts.store;
    this.#journal = parts.journal;
    this.#host = parts.host;
    this.#limits = parts.limits;
    this.#retention = parts.retention;
    this.#idempotency = parts.idempotency;
    this.#isNeeded = parts.isNeeded;
  }

  /** Runs by status. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].filter(([, count]) => count > 0));
  }

  async open(): Promise<void> {
    await this.#recount();
    // Beside the start: nobody waits for it, and until it is done each keyed call looks into the store.
    void this.#quietly(this.#idempotency.open());
    this.#tick();
  }

  close(): void {
    this.#cancelTick();
  }

  /** Notes a status change; `from` is absent for a new run. */
  count(from: string | undefined, to: string): void {
    if (from !== undefined) this.#add(from, -1);
    this.#add(to, 1);
    if (isTerminal(to)) this.#pruneIfNeeded();
  }

  /** Removes what the rule names; answers how many runs went. */
  async prune(rule: PruneRule): Promise<number> {
    return pruneRuns({
      store: this.#store,
      rule,
      counts: this.counts,
      removed: (status) => this.#add(status, -1),
      nowMs: this.#host.clock.now(),
      isNeeded: this.#isNeeded,
      // Nobody waits for space here; what is not removed now is there to be named again.
      commit: (batch) => this.#journal.append({ ...batch, whenFull: "refuse" }).committed,
    });
  }

  async #recount(): Promise<void> {
    const counts = await this.#store.count(runCollection, "status");
    this.#counts.clear();
    this.#ended = 0;
    for (const [status, count] of Object.entries(counts)) this.#add(status, count);
  }

  #add(status: string, change: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + change);
    if (isTerminal(status)) this.#ended += change;
  }

  #pruneIfNeeded(): void {
    const { keep = this.#store.supports.durable ? this.#limits.keptRuns : this.#limits.keptRunsInMemory } = this.#retention;
    if (this.#pruning || this.#ended <= keep * slack) return;
    this.#pruning = true;
    void this.#quietly(this.prune({ keep })).then(() => (this.#pruning = false));
  }

  #tick(): void {
    this.#cancelTick = this.#host.clock.schedule(() => {
      this.#tick();
      void this.#sweep();
    }, hourMs);
  }

  /** Each for itself: what cannot be read in one place lets nothing pile up in another. */
  async #sweep(): Promise<void> {
    const { keptMs, keptQuestions: keep, feedMs } = this.#limits;
    const nowMs = this.#host.clock.now();
    await this.#quietly(this.prune({ older_than_ms: this.#retention.older_than_ms ?? keptMs }));
    await this.#quietly(this.#idempotency.expired().then((deletes) => this.#delete(deletes)));
    await this.#quietly(expiredQuestions(this.#store, { keep, sinceMs: nowMs - keptMs }).then((deletes) => this.#delete(deletes)));
    await this.#quietly(this.#trimFeed(nowMs - feedMs));
  }

  async #delete(deletes: readonly Delete[]): Promise<void> {
    if (deletes.length > 0) await this.#journal.append({ deletes }).committed;
  }

  async #trimFeed(cutoffMs: number): Promise<void> {
    const upTo = await oldFeedSeq(this.#store, cutoffMs);
    if (upTo > 0) await this.#journal.append({ trims: [{ stream: feedStream, upTo }] }).committed;
  }

  /** Nobody waits for house-keeping: a failure is logged, and the store's own fail-stop does the rest. */
  async #quietly(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => this.#host.log("warn", "prune.failed", { error: String(error) }));
  }
}
