import { describe, expect, it } from "vitest";
import { describeQuestion, readAnswer } from "../../../adapters/cli/read-answer.js";
import type { Question } from "../../../lib/questions/schema.js";

const common = { question_id: "Q-1", run_id: "R-1", prompt: "Go on?", digest: "d", asked_at: "t", deadline: "t", status: "open" } as const;
const option = (id: string) => ({ id, title: id.replace("_", " ") });
const approval: Question = {
  ...common,
  kind: "choice",
  scope: "tool_permission",
  options: ["allow_once", "allow_always", "deny"].map(option),
  tool: { call_id: "c", name: "bash", level: "confirm_execute", args: { command: "rm -rf x" } },
};
const choice: Question = { ...common, kind: "choice", scope: "user_question", options: ["red", "y", "blue"].map(option) };
const text: Question = { ...common, kind: "text", scope: "user_question" };
const acknowledge: Question = { ...common, kind: "acknowledge", scope: "user_question" };

describe("readAnswer", () => {
  it.for([
    [approval, "y", { option_id: "allow_once" }],
    [approval, " Y ", { option_id: "allow_once" }],
    [approval, "n", { option_id: "deny" }],
    [approval, "a", { option_id: "allow_always" }],
    [approval, "allow_once", { option_id: "allow_once" }],
    [approval, "yes", undefined],
    [approval, "", undefined],
    [{ ...approval, options: ["allow_once", "deny"].map(option) }, "a", undefined],
    [choice, "red", { option_id: "red" }],
    [choice, "3", { option_id: "blue" }],
    [choice, "y", { option_id: "y" }],
    [choice, "n", undefined],
    [choice, "0", undefined],
    [choice, "4", undefined],
    [text, "  the blue one ", { text: "  the blue one " }],
    [text, "  ", undefined],
    [acknowledge, "", {}],
  ] as const)("reads %# as it was meant", ([question, typed, answer]) => {
    expect(readAnswer(question as Question, typed)).toEqual(answer);
  });
});

describe("describeQuestion", () => {
  it("says who asks what for which call, and what can be typed", () => {
    expect(describeQuestion(approval)).toBe(
      'R-1 asks: Go on?\n  bash {"command":"rm -rf x"}\nAllow? y (allow once), n (deny), a (allow always)',
    );
    const rule = { tool: "bash", args: { command: ["rm *"] }, action: "allow" };
    expect(describeQuestion({ ...approval, metadata: { rule } }).split("\n")).toContain(JSON.stringify(rule));
    expect(describeQuestion(choice)).toContain("  2  y\n");
    expect(describeQuestion(text)).toContain("Type an answer");
  });
});
