import { describe, expect, it } from "vitest";
import { builtInProfiles, executorOf, findProfile, lookUpProfile } from "../../../lib/runs/profiles.js";

const profiles = { ...builtInProfiles, mine: { executor: "own", aliases: ["my", "smart"] }, smart2: {} };

describe("lookUpProfile", () => {
  it.each([
    ["craft", "craft"],
    ["smart", "craft"],
    ["rush", "quick"],
    ["deep", "study"],
    ["my", "mine"],
    ["mine", "mine"],
  ])("finds %s as %s", (name, canonical) =>
    expect(lookUpProfile(profiles, name)).toEqual({ name: canonical, profile: profiles[canonical as "mine"] }),
  );

  it("prefers a name to an alias", () => {
    expect(lookUpProfile({ a: { aliases: ["b"] }, b: { executor: "named" } }, "b")?.name).toBe("b");
  });

  it.each(["", "Craft", "nobody", "constructor", "__proto__", "toString"])("finds nothing under %j", (name) => {
    expect(lookUpProfile(profiles, name)).toBeUndefined();
  });
});

describe("findProfile", () => {
  it("refuses an unknown name with those that are known", () => {
    expect(() => findProfile(profiles, "nobody")).toThrow(
      expect.objectContaining({ code: "unknown_profile", details: { hint: expect.stringContaining("craft, quick, study") } }),
    );
  });

  it("repeats no endless name", () => {
    expect(() => findProfile(profiles, "x".repeat(10_000))).toThrow(/^.{1,120}$/);
  });
});

describe("executorOf", () => {
  it.each([
    [{}, "agent"],
    [{ executor: "mine" }, "mine"],
    [{ executor: { kind: "acp", agent: "claude" } }, "acp"],
  ])("of %j is %s", (profile, executor) => expect(executorOf(profile)).toBe(executor));
});
