import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createReloader } from "../../../adapters/dashboard/reloader.js";

describe("What is read again when it may have changed", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is read at once, never twice at a time, and once more for all that came meanwhile", async () => {
    const open: (() => void)[] = [];
    const reloader = createReloader(() => new Promise((resolve) => open.push(resolve)), 100);
    reloader.touch();
    expect(open).toHaveLength(1);
    for (let time = 0; time < 50; time += 1) reloader.touch();
    expect(open).toHaveLength(1);
    open[0]?.();
    await vi.advanceTimersByTimeAsync(99);
    expect(open).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(open).toHaveLength(2);
    open[1]?.();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(open).toHaveLength(2);
    reloader.touch();
    expect(open).toHaveLength(3);
  });

  it("is not read after the page has left", async () => {
    let reads = 0;
    const reloader = createReloader(async () => void (reads += 1), 100);
    reloader.touch();
    reloader.touch();
    reloader.close();
    await vi.advanceTimersByTimeAsync(1_000);
    reloader.touch();
    expect(reads).toBe(1);
  });
});
