import { describe, expect, it } from "vitest";
import { Presence } from "../../../lib/runs/presence.js";

describe("Presence", () => {
  it("has an approver of a run for it and for all below it", () => {
    const presence = new Presence(() => {});
    const leave = presence.join("A");
    expect([presence.has(["A"]), presence.has(["C", "B", "A"]), presence.has(["B"]), presence.has([])]).toEqual([true, true, false, false]);
    leave();
    expect(presence.has(["A"])).toBe(false);
  });

  it("has one of everything for every run", () => {
    const presence = new Presence(() => {});
    const leave = presence.join(undefined);
    expect([presence.has(["A"]), presence.has([])]).toEqual([true, true]);
    leave();
    expect(presence.has(["A"])).toBe(false);
  });

  it("counts: the last one to leave leaves nobody, and nobody leaves twice", () => {
    const presence = new Presence(() => {});
    const [first, second] = [presence.join("A"), presence.join("A")];
    first();
    first();
    expect(presence.has(["A"])).toBe(true);
    second();
    expect(presence.has(["A"])).toBe(false);
  });

  it("tells of every change, once each, when it can be seen", () => {
    const seen: boolean[] = [];
    const presence: Presence = new Presence(() => seen.push(presence.has(["A"])));
    const leave = presence.join("A");
    leave();
    leave();
    expect(seen).toEqual([true, false]);
  });
});
