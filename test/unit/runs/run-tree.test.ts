import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../../lib/limits.js";
import type { ActiveRun } from "../../../lib/runs/active-run.js";
import { assertTakesChild, descendantsOf, isWithin, lineageOf } from "../../../lib/runs/run-tree.js";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";

const node = (part: object): ActiveRun =>
  ({ id: "R", parent: undefined, depth: 0, children: new Set(), endingDecided: false, ...part }) as unknown as ActiveRun;

/** A store with a run for each pair of id and parent. */
async function storeOf(runs: readonly (readonly [string, string?])[]) {
  const store = createMemoryStore();
  const puts = runs.map(([id, parent_id]) => ({
    collection: "runs",
    id,
    record: { id, ...(parent_id && { parent_id }) },
    expectedRevision: 0,
  }));
  await store.commit({ puts });
  return store;
}

describe("lineageOf", () => {
  it("names a run and those above it, from below", () => {
    const top = node({ id: "A" });
    const leaf = node({ id: "C", parent: node({ id: "B", parent: top }) });
    expect([lineageOf(leaf), lineageOf(top), lineageOf(undefined)]).toEqual([["C", "B", "A"], ["A"], []]);
  });
});

describe("descendantsOf", () => {
  it("names a run and all below it, level by level, and nobody else", async () => {
    const store = await storeOf([["A"], ["B", "A"], ["C", "A"], ["D", "B"], ["E", "D"], ["X"], ["Y", "X"]]);
    expect((await descendantsOf(store, "A")).toSorted()).toEqual(["A", "B", "C", "D", "E"]);
    expect(await descendantsOf(store, "E")).toEqual(["E"]);
  });

  it("finds more children than a page holds", async () => {
    const children = Array.from({ length: 1_201 }, (_, n) => [`C${n}`, "A"] as const);
    const found = await descendantsOf(await storeOf([["A"], ...children, ["leaf", "C1200"]]), "A");
    expect([found.length, new Set(found).size, found.at(-1)]).toEqual([1_203, 1_203, "leaf"]);
  });
});

describe("isWithin", () => {
  const parents: Record<string, string | undefined> = { A: undefined, B: "A", C: "B", orphan: "gone" };
  const get = async (id: string): Promise<RunSummary> => {
    if (!Object.hasOwn(parents, id)) throw new Error("run_not_found");
    const parent_id = parents[id];
    return { id, ...(parent_id !== undefined && { parent_id }) } as RunSummary;
  };
  it.each([
    ["A", "A", true],
    ["C", "A", true],
    ["C", "B", true],
    ["A", "C", false],
    ["B", "C", false],
    ["orphan", "A", false],
    ["orphan", "gone", true],
    ["unknown", "A", false],
  ])("of %s in %s is %s", async (id, ancestor, within) => expect(await isWithin(get, id, ancestor)).toBe(within));
});

describe("assertTakesChild", () => {
  const limits = { ...defaultLimits, treeDepth: 2, treeChildren: 3 };
  const codeOf = (parent: object): string => {
    try {
      assertTakesChild(node(parent), limits);
      return "passes";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  it.each([
    [{ depth: 1 }, "passes"],
    [{ depth: 2 }, "tree_limit"],
    [{ children: new Set([1, 2]) }, "passes"],
    [{ children: new Set([1, 2, 3]) }, "tree_limit"],
    [{ endingDecided: true }, "parent_finished"],
    [{ endingDecided: true, depth: 2 }, "parent_finished"],
  ])("of a parent with %o: %s", (parent, code) => expect(codeOf(parent)).toBe(code));
});
