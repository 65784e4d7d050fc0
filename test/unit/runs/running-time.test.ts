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

  it("tells of the limit although timers come a little early and time goes on between two looks", async () => {
    for (let stepMs = 0.01; stepMs < 0.5; stepMs += 0.01) {
      const manual = createManualClock();
      let looks = 0;
      const clock = {
        ...manual,
        schedule: (task: () => void, delayMs: number) => manual.schedule(task, delayMs - 0.5),
        monotonic: () => manual.monotonic() + stepMs * looks++,
      };
      const marks: number[] = [];
      const time: RunningTime = new RunningTime(clock, 1_000, () => marks.push(time.usedMs));
      time.resume();
      await manual.advance(2_000);
      expect(marks.at(-1)).toBeGreaterThanOrEqual(1_000);
      expect(manual.pending).toBe(0);
    }
  });

  it("tells after a pause of a mark that the pause was just before", async () => {
    const { clock, marks, time } = bench(1_000);
    for (const ms of [800, 1_000]) clock.schedule(() => time.pause(), ms);
    for (const [ms, told] of [
      [800, [800]],
      [200, [800, 1_000]],
    ] as const) {
      time.resume();
      await clock.advance(ms);
      expect(marks).toEqual(told.slice(0, -1));
      time.resume();
      await clock.advance(0);
      expect(marks).toEqual(told);
    }
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
