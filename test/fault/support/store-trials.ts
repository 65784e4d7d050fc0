import { expect } from "vitest";
import { type Random, randomOf } from "./store-random.js";

/** True before a release: many more trials than in every run. */
export const isLong = process.env["ANODE_TEST_LONG"] === "1";

/** Decides every random choice of a run; `ANODE_TEST_SEED` replays one. */
export const seed = Number(process.env["ANODE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Longest that a test with trials may take. */
export const trialsTimeoutMs = isLong ? 900_000 : 120_000;

const longMs = Number(process.env["ANODE_TEST_LONG_MS"] ?? 240_000);

/** One trial: what it found wrong, in words. */
export type Trial = (random: Random, index: number) => Promise<readonly string[]>;

/** How often a promise is tried. */
export interface TrialPlan {
  /** The promise, as the report names it. */
  readonly promise: string;
  readonly short: number;
  /** Before a release; fewer when time is up. */
  readonly long: number;
  /** How many trials each call stands for. @defaultValue 1 */
  readonly each?: number;
  /** Trials at once. @defaultValue 3 */
  readonly lanes?: number;
  /** Longest that the short form may take; then it is content with fewer trials, and says how many. */
  readonly shortMs?: number;
}

/** Demands that no trial finds anything, and reports "N trials, 0 violations, seed S". */
export async function holds(
  { promise, short, long, each = 1, lanes = 3, shortMs = Number.POSITIVE_INFINITY }: TrialPlan,
  trial: Trial,
): Promise<void> {
  const { calls, violations } = await run(Math.ceil((isLong ? long : short) / each), lanes, trial, isLong ? longMs : shortMs);
  console.log(`${promise}: ${calls * each} trials, ${violations.length} violations, seed ${seed}`);
  expect(violations, `${promise}; replay with ANODE_TEST_SEED=${seed}`).toEqual([]);
}

/** Demands that a planted bug is found, within so many trials. */
export async function finds(
  bug: string,
  { within, lanes = 3 }: { readonly within: number; readonly lanes?: number },
  trial: Trial,
): Promise<void> {
  let isFound = false;
  const { calls, violations } = await run(within, lanes, async (random, index) => {
    if (isFound) return [];
    const found = await trial(random, index);
    isFound ||= found.length > 0;
    return found;
  });
  console.log(`planted bug "${bug}": ${violations[0] ?? `not found in ${calls} trials, seed ${seed}`}`);
  expect(violations.length, `the planted bug "${bug}" is found; seed ${seed}`).toBeGreaterThan(0);
}

async function run(
  count: number,
  lanes: number,
  trial: Trial,
  withinMs = Number.POSITIVE_INFINITY,
): Promise<{ calls: number; violations: string[] }> {
  const violations: string[] = [];
  const endMs = performance.now() + withinMs;
  let calls = 0;
  const lane = async (): Promise<void> => {
    while (calls < count && performance.now() < endMs) {
      const index = calls++;
      for (const violation of await trial(randomOf(seed, index), index)) violations.push(`trial ${index}: ${violation}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { calls, violations };
}
