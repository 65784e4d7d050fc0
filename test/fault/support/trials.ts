import { vi } from "vitest";
import { seeded } from "../../support/cutting-proxy.js";

/** True in the runs before a release, which take minutes. */
export const isLong = process.env["ANODE_TEST_LONG"] === "1";

if (isLong) vi.setConfig({ testTimeout: 1_800_000 });

/** How many trials to make in this run. */
export function trials(short: number, long: number): number {
  return isLong ? long : short;
}

/** Random numbers of a test: its seed is printed, and `ANODE_TEST_SEED` replays it. */
export function randomOf(title: string): { readonly seed: number; readonly random: () => number } {
  const seed = Number(process.env["ANODE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
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
