import type { Store, Stored } from "../store/store.js";
import type { Question, QuestionScope } from "./schema.js";

/** The store's collection of questions. */
export const questionCollection = "questions";

/** Which questions to list, newest first. */
export interface QuestionQuery {
  /** @defaultValue "all" */
  readonly status?: "open" | "closed" | "all";
  readonly scope?: QuestionScope;
  /** Only those of these runs. */
  readonly run_ids?: readonly string[];
  /** Only those for which it says so. */
  readonly only?: (question: Question) => boolean;
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
  const { status = "all", scope, run_ids, only = () => true, limit = 1000, before } = query;
  const where = { ...(status !== "all" && { status: [status] }), ...(scope && { scope: [scope] }), ...(run_ids && { run_id: run_ids }) };
  const questions: Question[] = [];
  for (let after = before; ; ) {
    const page = await store.list(questionCollection, { limit: limit - questions.length, where, ...(after !== undefined && { after }) });
    questions.push(...page.items.map(({ record }: Stored) => record as Question).filter(only));
    after = page.items.at(-1)?.ordinal;
    if (!page.more || after === undefined) return { questions };
    if (questions.length === limit) return { questions, next: after };
  }
}
