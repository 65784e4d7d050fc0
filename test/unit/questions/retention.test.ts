import { describe, expect, it } from "vitest";
import { expiredQuestions } from "../../../lib/questions/retention.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";

/** Questions 1 to 6, ended on the days 1 to 6; the third is a run's, the last is open. */
async function expired(keep: number, since: string): Promise<string[]> {
  const store = createMemoryStore();
  for (let n = 1; n <= 6; n += 1) {
    const at = `2026-01-0${n}T00:00:00.000Z`;
    const end = n === 6 ? { status: "open" } : { status: "closed", closed_at: at };
    const record = { question_id: `Q-${n}`, asked_at: at, ...end, ...(n === 3 && { run_id: "R-1" }) };
    await store.commit({ puts: [{ collection: "questions", id: `Q-${n}`, record, expectedRevision: 0 }] });
  }
  return (await expiredQuestions(store, { keep, sinceMs: Date.parse(since) })).map(({ id }) => id);
}

describe("expiredQuestions", () => {
  it.each([
    [10, "2026-01-01T00:00:00Z", []],
    [10, "2026-01-02T00:00:00Z", ["Q-1"]],
    [2, "2026-01-01T00:00:00Z", ["Q-2", "Q-1"]],
    [1, "2026-02-01T00:00:00Z", ["Q-5", "Q-4", "Q-2", "Q-1"]],
    [0, "2026-01-01T00:00:00Z", ["Q-5", "Q-4", "Q-2", "Q-1"]],
  ])("keeps %i closed ones since %s, and all that are open or a run's", async (keep, since, gone) => {
    expect(await expired(keep, since)).toEqual(gone);
  });
});
