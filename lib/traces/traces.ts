import { AnodeError } from "../errors.js";
import { eventsOfLines } from "../events/frame.js";
import type { Journal } from "../events/journal.js";
import type { Step, StreamOwner } from "../events/step.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import { Records } from "../store/records.js";
import type { Store } from "../store/store.js";
import type { Trace, TraceKind, TraceStage } from "./schema.js";

interface TraceRecord {
  readonly trace_id: string;
  readonly kind: TraceKind;
  /** Time of the last stage, Unix milliseconds. */
  readonly last_ms: number;
}

const unfollowed: StreamOwner = { fold: () => ({}), isFollowed: false };

/** A stage before it has its place; `status` is `ok` unless it says otherwise. */
export interface StageDraft extends Partial<Pick<TraceStage, "status" | "peer_id" | "from_peer_id" | "detail">> {
  readonly stage: string;
}

/** What was seen to happen to each ask and message: one stream each, which claims no more than what was proven. */
export class Traces {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #host: Host;
  readonly #limits: Limits;
  readonly #records = new Records<TraceRecord>("traces");
  /** Those that take stages: begun in this life, or taken up again. */
  readonly #open = new Set<string>();

  constructor({ journal, store, host, limits }: { journal: Journal; store: Store; host: Host; limits: Limits }) {
    this.#journal = journal;
    this.#store = store;
    this.#host = host;
    this.#limits = limits;
  }

  /** Takes over what a former life left, to be read. */
  open(): Promise<void> {
    return this.#records.load(this.#store);
  }

  /** Takes up those of them that may go on: of the many that are over the store is asked nothing. */
  async takeUp(trace_ids: Iterable<string>): Promise<void> {
    const opening = [...new Set(trace_ids)].map(async (trace_id) => {
      if (!this.has(trace_id) || this.#open.has(trace_id)) return;
      const { lastSeq } = await this.#store.read(streamOf(trace_id), Number.MAX_SAFE_INTEGER, 1);
      // Somebody may have been faster, or it was swept meanwhile.
      if (this.has(trace_id) && !this.#open.has(trace_id)) this.#begin(trace_id, lastSeq);
    });
    await Promise.all(opening);
  }

  has(trace_id: string): boolean {
    return this.#records.get(trace_id) !== undefined;
  }

  /** The beginning of a trace, for the step that makes what is traced. */
  begin(trace_id: string, kind: TraceKind, ...stages: readonly StageDraft[]): Step {
    this.#begin(trace_id, 0);
    return this.#step({ trace_id, kind, last_ms: 0 }, stages);
  }

  /** Takes back what a step would have added that was refused. */
  undo(trace_id: string, { puts = [] }: Step): void {
    this.#records.undo(puts);
    if (!this.has(trace_id)) this.#end(trace_id);
  }

  /** Further stages, for the step in which they happen; of a trace that is no longer kept, or was not taken up again, nothing is. */
  stages(trace_id: string, ...stages: readonly StageDraft[]): Step {
    const record = this.#records.get(trace_id);
    return record && this.#open.has(trace_id) && stages.length > 0 ? this.#step(record, stages) : {};
  }

  /** Further stages by themselves. They never fail what they tell of. */
  note(trace_id: string, ...stages: readonly StageDraft[]): void {
    try {
      const { committed } = this.#journal.append(this.stages(trace_id, ...stages));
      committed.catch((error: unknown) => this.#failed(trace_id, error));
    } catch (error) {
      this.#failed(trace_id, error);
    }
  }

  /** @throws `trace_not_found` */
  async read(trace_id: string): Promise<Trace> {
    const record = this.#records.get(trace_id);
    if (!record) throw new AnodeError("trace_not_found", "There is no trace of this id, or it is no longer kept.");
    const stages: TraceStage[] = [];
    for (let after = 0; ; ) {
      const page = await this.#store.read(streamOf(trace_id), after, 256 * 1024);
      if (page.toSeq === 0) return { trace_id, kind: record.kind, stages };
      after = page.toSeq;
      for (const { seq, type, time, payload } of eventsOfLines(page.lines)) {
        // What stands in the place of a refused stage is no stage's own words.
        const said = "status" in payload ? payload : { status: "fail", detail: payload };
        stages.push({ seq, stage: type, time, ...(said as unknown as Pick<TraceStage, "status">) });
      }
    }
  }

  /** Drops what is over for long enough, and the oldest above the limit. */
  sweep(isOpen: (trace_id: string) => boolean): void {
    const oldest = this.#host.clock.now() - this.#limits.traceMs;
    let surplus = this.#records.size - this.#limits.traces;
    for (const { trace_id, last_ms } of [...this.#records.values()]) {
      if ((last_ms > oldest && surplus <= 0) || isOpen(trace_id)) continue;
      surplus -= 1;
      this.#journal.append({ drops: [streamOf(trace_id)], deletes: [this.#records.remove(trace_id)] });
      this.#end(trace_id);
    }
  }

  #begin(trace_id: string, lastSeq: number): void {
    this.#journal.open(streamOf(trace_id), lastSeq, unfollowed);
    this.#open.add(trace_id);
  }

  #end(trace_id: string): void {
    this.#journal.close(streamOf(trace_id));
    this.#open.delete(trace_id);
  }

  #step(record: TraceRecord, stages: readonly StageDraft[]): Step {
    const stream = streamOf(record.trace_id);
    return {
      appends: stages.map(({ stage, status = "ok", ...rest }) => ({ stream, type: stage, payload: { status, ...rest } })),
      puts: [this.#records.put(record.trace_id, { ...record, last_ms: this.#host.clock.now() })],
    };
  }

  #failed(trace_id: string, error: unknown): void {
    this.#host.log("warn", "trace.failed", { trace_id, error: String(error) });
  }
}

function streamOf(trace_id: string): string {
  return `trace:${trace_id}`;
}
