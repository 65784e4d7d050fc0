import { questionCollection } from "../questions/list.js";
import { everyRecord } from "../store/every-record.js";
import type { Batch, Delete, Store, Stored } from "../store/store.js";
import { eventsOfLines } from "../events/frame.js";
import { feedStream } from "../events/journal.js";
import { parseTime } from "../system-host.js";
import { runCollection, runStream } from "./active-run.js";
import type { RunStatus, RunSummary } from "./schema.js";

/** Which ended runs to remove: those beyond the newest `keep`, or older than the age, of the given statuses. */
export interface PruneRule {
  readonly keep?: number;
  readonly older_than_ms?: number;
  readonly status?: readonly RunStatus[];
}

const terminal: readonly RunStatus[] = ["completed", "failed", "canceled", "interrupted"];
const batchRuns = 50;

/**
 * Removes ended runs, oldest first, with their events and questions, in small commits; never one that `isNeeded`.
 * Answers how many went. `counts`: runs by status as it begins; `removed` is told of each that went.
 */
export async function pruneRuns(parts: {
  store: Store;
  rule: PruneRule;
  counts: Readonly<Record<string, number>>;
  removed: (status: string) => void;
  nowMs: number;
  isNeeded: (id: string) => boolean;
  commit: (batch: Required<Pick<Batch, "deletes" | "drops">>) => Promise<unknown>;
}): Promise<number> {
  const { store, rule, counts, nowMs, isNeeded, commit } = parts;
  const status = (rule.status ?? terminal).filter((name) => terminal.includes(name));
  let excess = rule.keep === undefined ? 0 : status.reduce((sum, name) => sum + (counts[name] ?? 0), 0) - rule.keep;
  const cutoffMs = rule.older_than_ms === undefined ? undefined : nowMs - rule.older_than_ms;
  let removed = 0;
  let after: number | undefined;
  for (let more = true; more && status.length > 0; ) {
    const page = await store.list(runCollection, {
      order: "asc",
      limit: batchRuns,
      where: { status },
      ...(after !== undefined && { after }),
    });
    const goes = (item: Stored): boolean => {
      if (isNeeded(item.id)) return false;
      return excess-- > 0 || isOlder(item.record as RunSummary, cutoffMs);
    };
    const items = page.items.filter(goes);
    const gone = items.map((item) => item.id);
    if (gone.length > 0) await commit({ deletes: await deletesOf(store, gone), drops: gone.map(runStream) });
    for (const { record } of items) parts.removed((record as RunSummary).status);
    removed += gone.length;
    after = page.items.at(-1)?.ordinal;
    // The list is in the order of acceptance: what was accepted after the age began has not ended before it.
    const last = page.items.at(-1)?.record as RunSummary | undefined;
    more = page.more && (excess > 0 || (cutoffMs !== undefined && last !== undefined && parseTime(last.started_at) < cutoffMs));
  }
  return removed;
}

/** The seq up to which the feed is older than the age; 0 = nothing is. */
export async function oldFeedSeq(store: Store, cutoffMs: number): Promise<number> {
  let upTo = 0;
  for (;;) {
    const { lines, toSeq } = await store.read(feedStream, upTo, 64 * 1024);
    const old = eventsOfLines(lines).filter((event) => parseTime(event.time) < cutoffMs);
    upTo = old.at(-1)?.seq ?? upTo;
    if (toSeq === 0 || upTo < toSeq) return upTo;
  }
}

function isOlder(record: RunSummary, cutoffMs: number | undefined): boolean {
  return cutoffMs !== undefined && record.ended_at !== undefined && parseTime(record.ended_at) < cutoffMs;
}

async function deletesOf(store: Store, runs: readonly string[]): Promise<Delete[]> {
  const deletes: Delete[] = runs.map((id) => ({ collection: runCollection, id }));
  for await (const { id } of everyRecord(store, questionCollection, { where: { run_id: runs } })) {
    deletes.push({ collection: questionCollection, id });
  }
  return deletes;
}
