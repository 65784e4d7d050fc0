import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { beginStart, forgetStarts } from "../../../adapters/daemon/unclean-starts.js";
import { temporaryFolder } from "./fixtures.js";

const minute = 60_000;

/** Which of the starts at these times, none of which ends in order, would be paused. */
function pausedOnes(times: readonly number[]): boolean[] {
  const path = join(temporaryFolder(), "starts.json");
  return times.map((at) => beginStart(path, minute + at).isPaused);
}

describe("beginStart", () => {
  it("pauses the start after five unclean ones within a minute", () => {
    expect(pausedOnes([0, 1, 2, 3, 4, 5])).toEqual([false, false, false, false, false, true]);
    expect(pausedOnes([0, 1, 2, 3, 4, 59_999]).at(-1)).toBe(true);
  });

  it("does not count starts from more than a minute ago, nor from a clock that was ahead", () => {
    expect(pausedOnes([0, 1, 2, 3, 4, 60_000]).at(-1)).toBe(false);
    expect(pausedOnes([90_000, 90_001, 90_002, 90_003, 90_004, 0]).at(-1)).toBe(false);
  });

  it("forgets what was before an end in order", () => {
    const path = join(temporaryFolder(), "starts.json");
    for (let n = 0; n < 4; n += 1) beginStart(path, minute + n);
    beginStart(path, minute + 4).markClean();
    expect(beginStart(path, minute + 5).isPaused).toBe(false);
  });

  it("learns that an operator has lifted the pause", () => {
    const path = join(temporaryFolder(), "starts.json");
    const starts = beginStart(path, minute);
    expect(starts.isLifted()).toBe(false);
    forgetStarts(path);
    expect(starts.isLifted()).toBe(true);
  });

  it("takes a broken file for none", () => {
    const path = join(temporaryFolder(), "starts.json");
    for (const text of ["", "{", "[1,", '{"a":1}', '["x",null]']) {
      writeFileSync(path, text);
      expect(beginStart(path, minute).isPaused).toBe(false);
    }
  });
});
