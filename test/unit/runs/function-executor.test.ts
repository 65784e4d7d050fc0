import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import type { Outcome } from "../../../lib/runs/executor.js";
import { supportsNothing } from "../../../lib/runs/normal-request.js";
import { createFakeRun } from "../../support/run-context.js";

describe("functionExecutor", () => {
  const outcomeOf = (value: string | Outcome | void) => functionExecutor(() => value).execute(createFakeRun({}).context);

  it("takes a text as the result, nothing as no result, an outcome as it is", async () => {
    const failed: Outcome = { status: "failed", stop_reason: "max_turns", error_code: "max_turns" };
    expect(await outcomeOf("hi")).toEqual({ status: "completed", stop_reason: "end_turn", result: "hi" });
    expect(await outcomeOf("")).toEqual({ status: "completed", stop_reason: "end_turn", result: "" });
    expect(await outcomeOf(undefined)).toEqual({ status: "completed", stop_reason: "end_turn" });
    expect(await outcomeOf(failed)).toBe(failed);
  });

  it("rejects with what the function throws, later or at once", async () => {
    const { context } = createFakeRun({});
    const later = functionExecutor(() => Promise.reject(new Error("later")));
    const atOnce = functionExecutor(() => {
      throw new Error("at once");
    });
    await expect(later.execute(context)).rejects.toThrow("later");
    await expect(atOnce.execute(context)).rejects.toThrow("at once");
  });

  it("asks and takes input unless told otherwise, and nothing else", () => {
    const usual = { ...supportsNothing, questions: true, steer: true, queue: true };
    expect(functionExecutor(() => {}).supports).toEqual(usual);
    expect(functionExecutor(() => {}, { steer: false, tokens: true }).supports).toEqual({ ...usual, steer: false, tokens: true });
  });
});
