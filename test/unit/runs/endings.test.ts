import { describe, expect, it } from "vitest";
import { canceledBy, crashed, overBudget, parentEnded, shutDown } from "../../../lib/runs/endings.js";

describe("the endings of a run", () => {
  it.each([
    [
      "a cancel",
      canceledBy("owner", "enough"),
      "run.canceled",
      "canceled",
      "canceled",
      { stop_reason: "canceled", by: "owner", reason: "enough" },
    ],
    [
      "a cancel without a reason",
      canceledBy("owner", undefined),
      "run.canceled",
      "canceled",
      "canceled",
      { stop_reason: "canceled", by: "owner" },
    ],
    ["the end of the parent", parentEnded("R-1"), "run.canceled", "parent_ended", "canceled", { stop_reason: "parent_ended", by: "R-1" }],
    ["a shutdown", shutDown(), "run.interrupted", "shutting_down", "shutdown", { stop_reason: "shutdown", error_code: "daemon_shutdown" }],
    ["a crash", crashed(), "run.interrupted", "shutting_down", "restart", { stop_reason: "crash", error_code: "daemon_restart" }],
    [
      "a used-up budget",
      overBudget({ name: "events", used: 10, limit: 10, over: true }),
      "run.failed",
      "budget_exceeded",
      "canceled",
      { stop_reason: "budget_events", error_code: "budget_exceeded" },
    ],
  ] as const)("by %s say what, to the executor why, and to open questions the true reason", (_, ending, type, code, deny, payload) => {
    expect(ending).toMatchObject({ type, deny, payload });
    expect(ending.reason.code).toBe(code);
    if (ending.type !== "run.canceled") expect(ending.payload["error"]).toMatch(/\.$/);
  });
});
