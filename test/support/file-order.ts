import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Starts the longest files first, so that none is left to run alone at the end, and the others by turns from each project, so that
 * what waits runs beside what computes. Groups stay one after the other.
 */
export function longestFirst(longest: readonly string[]): typeof BaseSequencer {
  const rank = new Map(longest.map((name, at) => [name, at]));
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const turns = new Map<string, number>();
      const keyed = (await super.sort(files)).map((file) => {
        const { config, name } = file.project;
        const turn = turns.get(name) ?? 0;
        turns.set(name, turn + 1);
        const listed = rank.get(basename(file.moduleId, ".test.ts"));
        // Files that share what they have loaded stay together, at the end of their group.
        const key = [config.sequence.groupOrder, config.isolate ? 0 : 1, listed ?? longest.length + turn] as const;
        return { file, key };
      });
      return keyed.toSorted((a, b) => differenceOf(a.key, b.key)).map(({ file }) => file);
    }
  };
}

function differenceOf(a: readonly number[], b: readonly number[]): number {
  return a.map((value, at) => value - (b[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
