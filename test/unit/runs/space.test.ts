import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import type { Journal } from "../../../lib/events/journal.js";
import { Space } from "../../../lib/runs/space.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";

function bench(limitBytes = 100) {
  const clock = createManualClock();
  const state = { bytes: 0, looks: 0, full: false };
  const usage = async () => ((state.looks += 1), { kind: "memory", bytes: state.bytes, limitBytes });
  const space = new Space(
    { ...createMemoryStore(), usage },
    {
      get full() {
        return state.full;
      },
      assertSpace() {
        if (state.full) throw new AnodeError("storage_full", "full");
      },
    } as Journal,
    clock,
  );
  const room = async (bytes: number): Promise<string> => {
    state.bytes = bytes;
    await space.look();
    return codeOf(() => space.assertRoom());
  };
  return { clock, state, space, room };
}

function codeOf(check: () => void): string {
  try {
    check();
    return "room";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("Space", () => {
  it("has no room from 90 % on, and has it again below 85 %", async () => {
    const { room, space } = bench();
    const found = [];
    for (const bytes of [89, 90, 89, 85, 84, 89]) found.push(await room(bytes));
    expect(found).toEqual(["room", "storage_low", "storage_low", "storage_low", "room", "room"]);
    expect(space.degraded).toEqual([]);
  });

  it("says that it is low, or that the disk is full", async () => {
    const { room, space, state } = bench();
    await room(95);
    expect(space.degraded).toEqual(["storage_low"]);
    state.full = true;
    expect([space.degraded, codeOf(() => space.assertRoom())]).toEqual([["storage_low", "storage_full"], "storage_full"]);
  });

  it("always has room in a store without a bound", async () => {
    expect(await bench(0).room(10 ** 12)).toBe("room");
  });

  it("looks again beside a start when the last look is a second old, and not before", async () => {
    const { clock, space, state } = bench();
    await space.look();
    await clock.advance(1_000);
    space.assertRoom();
    expect(state.looks).toBe(1);
    await clock.advance(1);
    state.bytes = 99;
    space.assertRoom();
    expect(state.looks).toBe(2);
    await clock.advance(0);
    expect(codeOf(() => space.assertRoom())).toBe("storage_low");
  });
});
