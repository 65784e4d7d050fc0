import { describe, expect, it } from "vitest";
import { RunningTime } from "../../../lib/runs/running-time.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";

function bench(limitMs: number | undefined) {
  const clock = createManualClock();
  const marks: number[] = [];
  const time: RunningTime = new RunningTime(clock, limitMs, () => marks.push(time.usedMs));
  return { clock, marks, time };
}

describe("RunningTime", () => {
  it("counts while it runs and not while it is paused", async () => {
    const { clock, time } = bench(undefined);
    await clock.advance(50);
    expect(time.usedMs).toBe(0);
    time.resume();
    await clock.advance(100);
    time.resume();
    expect(time.usedMs).toBe(100);
    time.pause();
    time.pause();
    await clock.advance(1_000);
    time.resume();
    await clock.advance(11);
    expect([time.usedMs, clock.pending]).toEqual([111, 0]);
  });

  it("tells at 80 % and at 100 % of its limit", async () => {
    const { clock, marks, time } = bench(1_000);
    time.resume();
    await clock.advance(5_000);
    expect([marks, clock.pending]).toEqual([[800, 1_000], 0]);
  });

  it("moves its marks by the pauses, and has no timer in them", async () => {
    const { clock, marks, time } = bench(1_000);
    for (let part = 0; part < 9; part += 1) {
      time.resume();
      await clock.advance(100);
      time.pause();
      expect(clock.pending).toBe(0);
      await clock.advance(10_000);
    }
    expect(marks).toEqual([800]);
    time.resume();
    await clock.advance(100);
    expect(marks).toEqual([800, 1_000]);
  });

  it("does not notice a jump of the wall clock", async () => {
    const { clock, marks, time } = bench(1_000);
    time.resume();
    clock.jump(3_600_000);
    await clock.advance(100);
    expect([time.usedMs, marks]).toEqual([100, []]);
  });

  it("has no timer longer than one can be", async () => {
    const { clock, marks, time } = bench(2 ** 40);
    time.resume();
    await clock.advance(2 ** 31);
    expect(marks.every((used) => used < 2 ** 40 * 0.8)).toBe(true);
    expect(clock.pending).toBe(1);
  });
});
