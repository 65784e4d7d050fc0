import { textGlob } from "./text-glob.js";

/** The tools that both lists allow. Items are names or globs; of two that overlap the narrower one stays. */
export function intersectTools(some: readonly string[], others: readonly string[]): string[] {
  const inside = (items: readonly string[], bounds: readonly string[]): string[] =>
    items.filter((item) => bounds.some((bound) => textGlob(bound)(item)));
  return [...new Set([...inside(some, others), ...inside(others, some)])];
}
