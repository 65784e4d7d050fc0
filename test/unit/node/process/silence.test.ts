import { describe, expect, it } from "vitest";
import { createSilence } from "../../../../lib/node/process/silence.js";
import { createManualClock } from "../../../../lib/testing/manual-clock.js";

function bench() {
  const clock = createManualClock();
  const bench = { clock, fallen: 0, silence: createSilence(clock, 100, () => void (bench.fallen += 1)) };
  return bench;
}

describe("createSilence", () => {
  it("falls once after the time without a sign of life", async () => {
    const test = bench();
    test.silence.broken();
    await test.clock.advance(99);
    expect(test.fallen).toBe(0);
    await test.clock.advance(1_000);
    expect(test.fallen).toBe(1);
  });

  it("begins anew with every sign of life", async () => {
    const test = bench();
    for (let sign = 0; sign < 5; sign += 1) {
      test.silence.broken();
      await test.clock.advance(60);
    }
    expect([test.fallen, test.clock.pending]).toEqual([0, 1]);
    await test.clock.advance(40);
    expect(test.fallen).toBe(1);
  });

  it("does not watch before the first sign, nor while it is held", async () => {
    const test = bench();
    test.silence.hold();
    await test.clock.advance(1_000);
    test.silence.broken();
    test.silence.hold();
    await test.clock.advance(1_000);
    expect([test.fallen, test.clock.pending]).toEqual([0, 0]);
  });
});
