import { describe, expect, it } from "vitest";
import { allScopes, type Caller, localCaller, type Scope } from "../../../lib/caller.js";
import {
  assertFreeCommand,
  assertMode,
  boundedMode,
  canonicalMode,
  holdsAdmin,
  type ProcessPolicy,
  stricter,
} from "../../../lib/runs/policy.js";
import type { ApprovalMode, RunRequest } from "../../../lib/runs/schema.js";

const modes: readonly ApprovalMode[] = ["ask", "auto", "unrestricted"];
const rank = (mode: ApprovalMode): number => modes.indexOf(mode);
const caller = (part: Partial<Caller>): Caller => ({ ...localCaller, ...part });
const controller = caller({ id: "token:c", scopes: ["read", "control"] });
const outcome = (check: Promise<unknown>): Promise<string> =>
  check.then(
    () => "passes",
    (error: { code: string }) => error.code,
  );

describe("stricter", () => {
  it("is the lower one of two modes, in either order", () => {
    for (const a of modes) for (const b of modes) expect(rank(stricter(a, b))).toBe(Math.min(rank(a), rank(b)));
  });
});

describe("canonicalMode", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["ask", "ask"],
    ["yolo", "unrestricted"],
    ["unrestricted", "unrestricted"],
  ] as const)("of %j is %j", (mode, canonical) => expect(canonicalMode(mode)).toBe(canonical));
});

describe("holdsAdmin", () => {
  it.each<[string, Caller, boolean]>([
    ["the application", localCaller, true],
    ["a token with admin", caller({ scopes: ["admin"] }), true],
    ["a token without", controller, false],
    ["a token bound to a run", caller({ run_id: "R-1" }), false],
    ["a TCP caller that proves itself", caller({ prove: async () => true }), true],
    ["a TCP caller that cannot", caller({ prove: async () => false }), false],
  ])("of %s is %s", async (_, who, holds) => expect(await holdsAdmin(who)).toBe(holds));
});

describe("assertMode", () => {
  it("lets no mode pass above the ceiling of its caller and of its parent, for all of them", async () => {
    const callers: [Caller, "admin" | "other"][] = [
      [localCaller, "admin"],
      [controller, "other"],
      [caller({ run_id: "R-1" }), "other"],
      [caller({ prove: async () => true }), "admin"],
    ];
    for (const admin of modes)
      for (const other of modes)
        for (const [who, which] of callers)
          for (const parent of [undefined, ...modes])
            for (const mode of modes) {
              // Power raises the bound, it never lowers it.
              const own = which === "admin" ? Math.max(rank(admin), rank(other)) : rank(other);
              const bound = parent === undefined ? own : Math.min(own, rank(parent));
              const passes = await outcome(assertMode(mode, who, { admin, other }, parent));
              const described = `${mode} for ${which} under ${admin}/${other} with parent ${parent}`;
              // A lower ceiling for admin than for others is nobody's intention: then either bound may hold.
              if (rank(admin) < rank(other)) continue;
              expect(passes, described).toBe(rank(mode) <= bound ? "passes" : "above_ceiling");
              const silent = await boundedMode(mode, who, { admin, other }, parent);
              expect(rank(silent), described).toBe(Math.min(rank(mode), bound));
            }
  });

  it("says what the ceiling is", async () => {
    const above = assertMode("unrestricted", controller, { admin: "unrestricted", other: "auto" }, undefined);
    await expect(above).rejects.toMatchObject({ code: "above_ceiling", details: { ceiling: "auto" } });
  });

  it("tells a TCP caller that could not prove itself what would have helped", async () => {
    const unproven = caller({ prove: async () => false });
    const ceiling = { admin: "unrestricted", other: "auto" } as const;
    expect(await outcome(assertMode("unrestricted", unproven, ceiling, undefined))).toBe("caller_is_a_run");
    expect(await outcome(assertMode("auto", unproven, ceiling, undefined))).toBe("passes");
  });

  it("asks for the proof only when the mode needs it", async () => {
    let asked = 0;
    const counted = caller({ prove: async () => ((asked += 1), true) });
    await assertMode("auto", counted, { admin: "unrestricted", other: "auto" }, undefined);
    expect(asked).toBe(0);
    await assertMode("unrestricted", counted, { admin: "unrestricted", other: "auto" }, undefined);
    expect(asked).toBe(1);
  });
});

describe("assertFreeCommand", () => {
  const argv: RunRequest = { argv: ["ls"] };
  const shell: RunRequest = { shell: "ls" };
  const scopes = (list: readonly Scope[]): Partial<Caller> => ({ scopes: list });
  it.each<[RunRequest, Partial<Caller>, Partial<ProcessPolicy>, string]>([
    [{ prompt: "x" }, scopes([]), { argv: "off" }, "passes"],
    [{ command: "c" }, { ...scopes(["control"]), run_id: "R-1" }, { argv: "off" }, "passes"],
    [argv, {}, {}, "passes"],
    [argv, { door: "unix" }, {}, "passes"],
    [argv, { door: "tcp" }, {}, "argv_not_allowed"],
    [argv, { door: "tcp" }, { argv: "admin" }, "passes"],
    [argv, {}, { argv: "off" }, "argv_not_allowed"],
    [argv, scopes(["read", "control", "approve"]), {}, "scope_required"],
    [argv, { ...scopes(allScopes), run_id: "R-1" }, { argv: "admin" }, "argv_not_allowed"],
    [argv, { door: "tcp", prove: async () => false }, { argv: "admin" }, "caller_is_a_run"],
    [argv, { door: "tcp", prove: async () => true }, { argv: "admin" }, "passes"],
    [shell, {}, {}, "argv_not_allowed"],
    [shell, {}, { shell: true }, "passes"],
    [shell, {}, { argv: "off", shell: true }, "argv_not_allowed"],
    [shell, scopes(["control"]), { shell: true }, "scope_required"],
  ])("of %j by %o under %j: %s", async (request, who, policy, expected) => {
    expect(await outcome(assertFreeCommand(request, caller(who), { argv: "socket", shell: false, ...policy }))).toBe(expected);
  });
});
