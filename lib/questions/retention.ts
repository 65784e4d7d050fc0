import type { Delete, Store, Stored } from "../store/store.js";
import { parseTime } from "../system-host.js";
import { questionCollection } from "./list.js";
import type { Question } from "./schema.js";

/** How long closed questions of no run are kept; those of runs go with their run. */
export interface QuestionRetention {
  readonly keep: number;
  /** Unix time before which a question must not have ended. */
  readonly sinceMs: number;
}

/** The closed questions to delete: those that ended too long ago, and the oldest above the number. */
export async function expiredQuestions(store: Store, { keep, sinceMs }: QuestionRetention): Promise<Delete[]> {
  const deletes: Delete[] = [];
  let kept = 0;
  let after: number | undefined;
  for (let more = true; more; ) {
    const page = await store.list(questionCollection, {
      limit: 1000,
      where: { status: ["closed"] },
      ...(after !== undefined && { after }),
    });
    for (const item of page.items.filter(({ record }: Stored) => (record as Question).run_id === undefined)) {
      if (kept < keep && endedMs(item.record as Question) >= sinceMs) kept += 1;
      else deletes.push({ collection: questionCollection, id: item.id, expectedRevision: item.revision });
    }
    after = page.items.at(-1)?.ordinal;
    more = page.more;
  }
  return deletes;
}

function endedMs({ closed_at, asked_at }: Question): number {
  return parseTime(closed_at ?? asked_at);
}
