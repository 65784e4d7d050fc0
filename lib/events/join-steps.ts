import type { Step } from "./journal.js";

/** Several changes as one: they happen together or not at all. It waits for space unless each of them may be refused. */
export function joinSteps(...steps: readonly Step[]): Step {
  return {
    appends: steps.flatMap((step) => step.appends ?? []),
    puts: steps.flatMap((step) => step.puts ?? []),
    deletes: steps.flatMap((step) => step.deletes ?? []),
    drops: steps.flatMap((step) => step.drops ?? []),
    trims: steps.flatMap((step) => step.trims ?? []),
    feed: steps.flatMap((step) => step.feed ?? []),
    taken(appended) {
      for (const step of steps) step.taken?.(appended);
    },
    whenFull: steps.length > 0 && steps.every((step) => step.whenFull === "refuse") ? "refuse" : "hold",
  };
}
