import { describe, expect, it } from "vitest";
import { createSilenceWatch } from "../../../lib/agent/silence.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";

function watched() {
  const clock = createManualClock();
  const heard: number[] = [];
  return { clock, heard, watch: createSilenceWatch(clock, (limitMs) => heard.push(limitMs)) };
}

describe("createSilenceWatch", () => {
  it("tells when what is waited for has not come within the limit", async () => {
    const { clock, heard, watch } = watched();
    watch.wait(100);
    await clock.advance(99);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect(heard).toEqual([100]);
  });

  it("begins anew with each wait, and with a shorter limit at once", async () => {
    const { clock, heard, watch } = watched();
    watch.wait(100);
    await clock.advance(60);
    watch.wait(100);
    await clock.advance(99);
    expect(heard).toEqual([]);
    watch.wait(10);
    await clock.advance(10);
    expect(heard).toEqual([10]);
  });

  it("counts no time while nothing is waited for", async () => {
    const { clock, heard, watch } = watched();
    watch.wait(100);
    await clock.advance(50);
    watch.rest();
    await clock.advance(10_000);
    expect(heard).toEqual([]);
    watch.wait(100);
    await clock.advance(100);
    expect(heard).toEqual([100]);
  });

  it("holds one timer however often it waits, and none once it has stopped", () => {
    const { clock, watch } = watched();
    for (let chunk = 0; chunk < 1000; chunk++) {
      watch.wait(100);
      watch.rest();
    }
    expect(clock.pending).toBe(1);
    watch.stop();
    expect(clock.pending).toBe(0);
  });
});
