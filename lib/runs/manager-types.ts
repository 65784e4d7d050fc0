import type { StreamEvent } from "../events/event.js";
import type { Question } from "../questions/schema.js";
import type { StoreUsage } from "../store/store.js";
import type { RunOrigin, RunStatus, RunSummary } from "./schema.js";

/** What a manager tells its listeners. A listener that throws is reported as `diagnostic` and stops nothing. */
export interface RunManagerEvents extends Record<string, unknown[]> {
  /** Every record event of every run, after its commit. */
  event: [event: StreamEvent];
  /** The record after each change of it. */
  run: [run: RunSummary];
  /** A question that was asked or closed. */
  question: [question: Question];
  /** Something odd that nobody waits for: a late event, a forced end, a throwing listener. */
  diagnostic: [name: string, data: Readonly<Record<string, unknown>>];
}

/** Which runs to list. */
export interface RunQuery {
  /** @defaultValue 100 */
  readonly limit?: number;
  /** Only runs accepted before this ordinal. */
  readonly before?: number;
  readonly status?: readonly RunStatus[];
  readonly profile?: string;
  readonly executor?: string;
  /** @defaultValue all but `program` and `container` */
  readonly origin?: readonly RunOrigin[];
  readonly label?: string;
  readonly key?: string;
  readonly parent_id?: string;
  readonly session_id?: string;
}

/** One page of runs, newest first. */
export interface RunPage {
  readonly runs: readonly RunSummary[];
  /** Hand it in as `before` for the next page; absent on the last one. */
  readonly next?: number;
}

/** Counts of a moment. */
export interface RunStats {
  /** Runs by status. */
  readonly runs: Readonly<Record<string, number>>;
  /** Queued, running and waiting ones. */
  readonly active: number;
  readonly queued: number;
  readonly questions_open: number;
  /** Readers of event streams. */
  readonly readers: number;
  /** How often each diagnostic was reported. */
  readonly diagnostics: Readonly<Record<string, number>>;
  /** Why the manager is not all it should be: `storage_low`, `storage_full`, `admission_paused`. */
  readonly degraded: readonly string[];
  readonly store: StoreUsage;
}
