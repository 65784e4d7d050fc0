import { expect } from "vitest";
import { seeded } from "../../support/cutting-proxy.js";
import { type Random, randomOf as randomFor } from "./store-random.js";

const form = process.env["ANODE_TEST_LONG"];

/** True for the many trials before a release, which take minutes to hours; `full` is the same without a bound on time. */
export const isLong = form === "1" || form === "full";

/** Longest that a test of the long form may go on making trials. */
export const longMs = form === "full" ? Number.POSITIVE_INFINITY : Number(process.env["ANODE_TEST_LONG_MS"] ?? 240_000);

/** Longest that one trial of the long form may take, and all of a test of the short one: then it waits in vain, and says so before the runner does. */
const longestTrialMs = isLong ? 1_200_000 : 115_000;

/** Decides every random choice of a run; `ANODE_TEST_SEED` replays one. */
export const seed = Number(process.env["ANODE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** How many trials to make in this run. */
export function trials(short: number, long: number): number {
  return isLong ? long : short;
}

/** Random numbers of a test: its seed is printed, and `ANODE_TEST_SEED` replays it. */
export function randomOf(title: string): { readonly seed: number; readonly random: () => number } {
  console.log(`${title}: seed ${seed}`);
  return { seed, random: seeded(seed) };
}

/** A number from 0 to `below` - 1. */
export function integerOf(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

/** All of the items in the long form, else so many of them, spread by chance. */
export function sampled<Item>(items: readonly Item[], short: number, random: () => number): readonly Item[] {
  if (isLong || items.length <= short) return items;
  const left = [...items];
  return Array.from({ length: short }, () => left.splice(integerOf(random, left.length), 1)[0] as Item);
}

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
  const { calls, violations } = await run(Math.ceil(trials(short, long) / each), lanes, trial, isLong ? longMs : shortMs);
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
  const startMs = performance.now();
  const endMs = startMs + withinMs;
  let calls = 0;
  let isBroken = false;
  const whole = async (index: number): Promise<readonly string[]> => {
    const { promise, reject } = Promise.withResolvers<never>();
    const leftMs = longestTrialMs - (isLong ? 0 : performance.now() - startMs);
    const late = setTimeout(() => reject(new Error("it waits in vain")), leftMs);
    try {
      return await Promise.race([trial(randomFor(seed, index), index), promise]);
    } catch (error) {
      isBroken = true;
      throw new Error(`trial ${index}, seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      clearTimeout(late);
    }
  };
  const lane = async (): Promise<void> => {
    while (calls < count && !isBroken && performance.now() < endMs) {
      const index = calls++;
      for (const violation of await whole(index)) violations.push(`trial ${index}: ${violation}`);
    }
  };
  // What goes on beside one that broke is not disturbed by the end of the test.
  for (const ended of await Promise.allSettled(Array.from({ length: lanes }, lane))) if (ended.status === "rejected") throw ended.reason;
  return { calls, violations };
}
