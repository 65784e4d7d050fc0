import { gather } from "./gather.js";
import type { Step } from "./step.js";

/** Several changes as one: they happen together or not at all. It waits for space unless each of them may be refused. */
export function joinSteps(...steps: readonly Step[]): Step {
  return {
    appends: gather(steps, "appends"),
    puts: gather(steps, "puts"),
    deletes: gather(steps, "deletes"),
    drops: gather(steps, "drops"),
    trims: gather(steps, "trims"),
    feed: gather(steps, "feed"),
    taken(appended) {
      for (const step of steps) step.taken?.(appended);
    },
    settled(refusal) {
      for (const step of steps) step.settled?.(refusal);
    },
    whenFull: steps.length > 0 && steps.every((step) => step.whenFull === "refuse") ? "refuse" : "hold",
  };
}
