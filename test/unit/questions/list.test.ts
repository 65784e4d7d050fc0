import { describe, expect, it } from "vitest";
import { listQuestions, type QuestionQuery } from "../../../lib/questions/list.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";

/** Questions 1 to 6: the odd ones of run A, the even ones of run B; 1 to 4 closed. */
async function list(query: QuestionQuery): Promise<{ ids: string[]; next: number | undefined }> {
  const store = createMemoryStore();
  for (let n = 1; n <= 6; n += 1) {
    const record = {
      question_id: `Q-${n}`,
      run_id: n % 2 ? "A" : "B",
      status: n <= 4 ? "closed" : "open",
      scope: n % 3 === 2 ? "tool_permission" : "",
    };
    await store.commit({ puts: [{ collection: "questions", id: `Q-${n}`, record, expectedRevision: 0 }] });
  }
  const { questions, next } = await listQuestions(store, query);
  return { ids: questions.map(({ question_id }) => question_id.slice(2)), next };
}

describe("listQuestions", () => {
  it.each<[QuestionQuery, string]>([
    [{}, "654321"],
    [{ status: "all" }, "654321"],
    [{ status: "open" }, "65"],
    [{ status: "closed" }, "4321"],
    [{ run_ids: ["A"] }, "531"],
    [{ run_ids: ["A"], status: "open" }, "5"],
    [{ run_ids: ["A", "B"] }, "654321"],
    [{ run_ids: [] }, ""],
    [{ scope: "tool_permission" }, "52"],
    [{ scope: "tool_permission", run_ids: ["A"] }, "5"],
    [{ only: ({ question_id }) => question_id < "Q-4" }, "321"],
    [{ run_ids: ["nobody"] }, ""],
  ])("for %j is %s, newest first", async (query, ids) => {
    expect(await list(query)).toEqual({ ids: [...ids], next: undefined });
  });

  it("goes on page by page, and says when there is no more", async () => {
    const first = await list({ limit: 4 });
    expect(first.ids).toEqual(["6", "5", "4", "3"]);
    const second = await list({ limit: 4, before: first.next ?? 0 });
    expect(second).toEqual({ ids: ["2", "1"], next: undefined });
    expect((await list({ limit: 6 })).next).toBeUndefined();
  });

  it("fills a page with those that are wanted, however far apart they lie", async () => {
    const only: QuestionQuery["only"] = ({ question_id }) => ["Q-5", "Q-2", "Q-1"].includes(question_id);
    const first = await list({ limit: 2, only });
    expect(first.ids).toEqual(["5", "2"]);
    expect(await list({ limit: 2, only, before: first.next ?? 0 })).toEqual({ ids: ["1"], next: undefined });
  });
});
