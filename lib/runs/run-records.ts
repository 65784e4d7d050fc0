import { AnodeError } from "../errors.js";
import type { Clock } from "../host.js";
import { isRunId } from "../ids.js";
import type { Store } from "../store/store.js";
import { type ActiveRun, runCollection } from "./active-run.js";
import type { ActiveRuns } from "./active-runs.js";
import type { Admission } from "./admission.js";
import type { RunPage, RunQuery } from "./manager-types.js";
import type { RunOrigin, RunSummary } from "./schema.js";
import { isTerminal } from "./transitions.js";

const listedOrigins: readonly RunOrigin[] = ["request", "job", "schedule"];

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly active: ActiveRuns;
  readonly admission: Admission;
}

/** The records of runs as callers see them: stored ones as they are, active ones as they are at this moment. */
export class RunRecords {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws `run_not_found` */
  async get(id: string): Promise<RunSummary> {
    const shown = this.#parts.active.get(id)?.shown;
    if (shown) return this.shown(shown);
    const stored = isRunId(id) ? await this.#parts.store.get(runCollection, id) : undefined;
    if (stored) return stored.record as RunSummary;
    throw new AnodeError("run_not_found", "There is no such run.", { details: { hint: "`anode runs list` shows the runs." } });
  }

  async list(query: RunQuery): Promise<RunPage> {
    const { limit = 100, before, status, origin = listedOrigins, ...texts } = query;
    const where: Record<string, readonly string[]> = { origin, ...(status && { status }) };
    for (const [field, text] of Object.entries(texts)) if (text !== undefined) where[field] = [text];
    const page = await this.#parts.store.list(runCollection, { limit, where, ...(before !== undefined && { after: before }) });
    const runs = page.items.map((item) => this.shown(item.record as RunSummary));
    const last = page.items.at(-1);
    return page.more && last ? { runs, next: last.ordinal } : { runs };
  }

  /** The record as soon as the run has ended, or when the time is over. @throws `run_not_found` */
  wait(id: string, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<RunSummary> {
    const run = this.#parts.active.get(id);
    if (!run) return this.get(id);
    return options.timeoutMs === undefined && !options.signal ? run.done : this.#waitAtMost(run, options);
  }

  async #waitAtMost(run: ActiveRun, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<RunSummary> {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    const onAbort = (): void => stop();
    const cancelTimer = options.timeoutMs === undefined ? () => {} : this.#parts.clock.schedule(stop, options.timeoutMs);
    options.signal?.addEventListener("abort", onAbort);
    if (options.signal?.aborted) stop();
    await Promise.race([run.done, stopped]);
    cancelTimer();
    options.signal?.removeEventListener("abort", onAbort);
    return this.get(run.id);
  }

  /** With what changes without a write: the last seq and the place in the queue. */
  shown(record: RunSummary): RunSummary {
    if (isTerminal(record.status)) return record;
    const { active, admission } = this.#parts;
    const last_seq = active.get(record.id)?.committedSeq ?? record.last_seq;
    const position = record.status === "queued" ? admission.position(record.id) : undefined;
    return { ...record, last_seq, ...(position !== undefined && { queue_position: position }) };
  }
}
