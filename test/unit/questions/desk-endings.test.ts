import fc from "fast-check";
import { describe, it } from "vitest";
import { makeDesk } from "../../support/proofs/desk-bench.js";
import { happenings, type Happening, ordersOf, proveEndings, type Timing, timings } from "../../support/proofs/question-endings.js";

const trials = process.env["ANODE_TEST_LONG"] ? 10_000 : 300;

describe("an approval that meets answers, its deadline, a cancel, the approver's leaving, shutdown and restart", () => {
  it.each(timings)("ends once, truly, and allows only by a recorded allow, in every order of three: %s", async (timing) => {
    for (const order of ordersOf(3)) await prove(order, timing);
  });

  it("does so in longer orders too", { timeout: 120_000 }, async () => {
    const order = fc.shuffledSubarray([...happenings], { minLength: 4 });
    await fc.assert(fc.asyncProperty(order, fc.constantFrom(...timings), prove), { numRuns: trials });
  });
});

async function prove(order: readonly Happening[], timing: Timing): Promise<void> {
  await proveEndings(makeDesk, order, timing).catch((error: unknown) => {
    throw new Error(`${order.join(", ")}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
}
