import { everyRecord } from "../store/every-record.js";
import type { Delete, Store } from "../store/store.js";
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
  for await (const { id, revision, record } of everyRecord(store, questionCollection, { order: "desc", where: { status: ["closed"] } })) {
    const question = record as Question;
    if (question.run_id !== undefined) continue;
    if (kept < keep && endedMs(question) >= sinceMs) kept += 1;
    else deletes.push({ collection: questionCollection, id, expectedRevision: revision });
  }
  return deletes;
}

function endedMs({ closed_at, asked_at }: Question): number {
  return parseTime(closed_at ?? asked_at);
}
