import type { Store } from "../store/store.js";
import type { Question } from "./schema.js";

/** The store's collection of questions. */
export const questionCollection = "questions";

/** Which questions to list, newest first. */
export interface QuestionQuery {
  /** @defaultValue "all" */
  readonly status?: "open" | "closed" | "all";
  /** Only those of these runs. */
  readonly run_ids?: readonly string[];
  /** @defaultValue 1000 */
  readonly limit?: number;
  /** Only questions asked before this ordinal. */
  readonly before?: number;
}

/** One page of questions. */
export interface QuestionPage {
  readonly questions: readonly Question[];
  /** Hand it in as `before` for the next page; absent on the last one. */
  readonly next?: number;
}

/** A page of questions, newest first. */
export async function listQuestions(store: Store, query: QuestionQuery): Promise<QuestionPage> {
  const { status = "all", run_ids, limit = 1000, before } = query;
  const where = { ...(status !== "all" && { status: [status] }), ...(run_ids && { run_id: run_ids }) };
  const page = await store.list(questionCollection, { limit, where, ...(before !== undefined && { after: before }) });
  const last = page.items.at(-1);
  return { questions: page.items.map((item) => item.record as Question), ...(page.more && last && { next: last.ordinal }) };
}
