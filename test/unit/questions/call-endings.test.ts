import fc from "fast-check";
import { describe, it } from "vitest";
import { callHappenings, type CallHappening, proveCallEndings } from "../../support/proofs/call-endings.js";
import { makeDesk } from "../../support/proofs/desk-bench.js";
import { type Timing, timings } from "../../support/proofs/question-endings.js";

const trials = process.env["ANODE_TEST_LONG"] ? 10_000 : 400;

describe("an approval that calls wait for, over answers, its deadline, disconnects, repeats, a full disk, shutdown and restart", () => {
  it.each(timings)("never allows without a recorded allow, in every order of two: %s", async (timing) => {
    for (const first of callHappenings) for (const second of callHappenings) await prove([first, second], timing);
  });

  it("nor in longer orders", { timeout: 120_000 }, async () => {
    const order = fc.array(fc.constantFrom(...callHappenings), { minLength: 3, maxLength: 9 });
    await fc.assert(fc.asyncProperty(order, fc.constantFrom(...timings), prove), { numRuns: trials });
  });
});

async function prove(order: readonly CallHappening[], timing: Timing): Promise<void> {
  await proveCallEndings(makeDesk, order, timing).catch((error: unknown) => {
    throw new Error(`${order.join(", ")}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
}
