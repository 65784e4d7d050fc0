import { describe, expect, it } from "vitest";
import { type ModelOptions, runModel } from "./support/run-model.js";
import { stopsAtNothing } from "../support/mutants/late-event-store.js";
import { seed, trials } from "./support/trials.js";

const steps = trials(12_000, 1_000_000);

async function violations(options: ModelOptions): Promise<readonly string[]> {
  return (await runModel(options)).violations;
}

describe("RunManager against its model", () => {
  it("keeps every rule of a run under random operations, a slow and a full store", async () => {
    const { trials: made, ended, violations: found } = await runModel({ seed, steps });
    console.log(`${made} steps, ${ended} runs ended, ${found.length} violations, seed ${seed}`);
    expect(found, `seed ${seed}`).toEqual([]);
    expect(ended).toBeGreaterThan(steps / 200);
  });

  it("is caught when a store doubles an event, loses one, or shows a record that is ahead of its events", async () => {
    for (const mutant of ["doubles", "loses", "ahead"] as const) {
      expect(await violations({ seed: 1, steps: 6_000, wrap: stopsAtNothing(mutant) }), mutant).not.toEqual([]);
    }
  });
});
