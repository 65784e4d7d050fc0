import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approvalOptions, checkQuestion, effectOf, endAtDeadline, endWithoutAnswer, judgeAnswer } from "../../../lib/questions/judge.js";
import {
  answer as answerSchema,
  type AnswerInput,
  answerOutcome,
  denyReason,
  type Question,
  type QuestionInput,
} from "../../../lib/questions/schema.js";

const approval: QuestionInput = { kind: "choice", scope: "tool_permission", prompt: "?", options: [...approvalOptions] };
const choice: QuestionInput = {
  kind: "choice",
  scope: "user_question",
  prompt: "?",
  options: [
    { id: "y", title: "Yes" },
    { id: "n", title: "No" },
  ],
};
const text: QuestionInput = { kind: "text", scope: "user_question", prompt: "?" };
const acknowledge: QuestionInput = { kind: "acknowledge", scope: "user_question", prompt: "?" };
const asked = (input: QuestionInput): Question => ({
  question_id: "Q-1",
  digest: "d",
  asked_at: "2026-01-02T03:04:05.678Z",
  deadline: "2026-01-02T03:14:05.678Z",
  status: "open",
  ...input,
});
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "passes";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("checkQuestion", () => {
  it.each<[string, QuestionInput, string]>([
    ["an approval", approval, "passes"],
    ["a choice", choice, "passes"],
    ["a text", text, "passes"],
    ["an acknowledgement", acknowledge, "passes"],
    ["a text with a default", { ...text, default_answer: "nobody" }, "passes"],
    ["a choice without options", { kind: "choice", scope: "user_question", prompt: "?" }, "invalid_request"],
    ["a text with options", { ...text, options: [{ id: "a", title: "A" }] }, "invalid_request"],
    [
      "options with one id twice",
      {
        ...choice,
        options: [
          { id: "a", title: "A" },
          { id: "a", title: "B" },
        ],
      },
      "invalid_request",
    ],
    ["an approval that is no choice", { ...text, scope: "tool_permission" }, "invalid_request"],
    ["an approval's option that does not say what it means", { ...approval, options: [{ id: "maybe", title: "?" }] }, "invalid_request"],
    ["an approval's option of any name that says it", { ...approval, options: [{ id: "maybe", title: "?", effect: "deny" }] }, "passes"],
    ["a default that is no option", { ...choice, default_answer: "x" }, "invalid_request"],
    ["a default that is one", { ...choice, default_answer: "y" }, "passes"],
    ["an approval's default that denies", { ...approval, default_answer: "deny" }, "passes"],
    ["an approval's default that allows", { ...approval, default_answer: "allow_once" }, "default_not_denying"],
    [
      "an approval's default that allows by its effect",
      { ...approval, options: [{ id: "x", title: "X", effect: "allow" }], default_answer: "x" },
      "default_not_denying",
    ],
  ])("of %s: %s", (_, input, code) => expect(codeOf(() => checkQuestion(input))).toBe(code));

  it.each(["constructor", "toString", "__proto__"])("refuses the option %s of an approval, which does not say what it means", (id) => {
    expect(codeOf(() => checkQuestion({ ...approval, options: [{ id, title: "?" }] }))).toBe("invalid_request");
  });
});

describe("effectOf", () => {
  it.each([
    [{ id: "allow", title: "" }, "allow"],
    [{ id: "allow_once", title: "" }, "allow"],
    [{ id: "allow_always", title: "" }, "allow"],
    [{ id: "deny", title: "" }, "deny"],
    [{ id: "allow_once", title: "", effect: "deny" }, "deny"],
    [{ id: "other", title: "", effect: "allow" }, "allow"],
    [{ id: "other", title: "" }, undefined],
  ] as const)("of %j is %s", (option, effect) => expect(effectOf(option)).toBe(effect));
});

describe("judgeAnswer", () => {
  const judge = (input: QuestionInput, given: AnswerInput) => judgeAnswer(asked(input), given, "ann");

  it("allows by an option that allows, and by nothing else", () => {
    expect(judge(approval, { option_id: "allow_once" })).toStrictEqual({
      by: "ann",
      outcome: "answered",
      decision: "allow",
      option_id: "allow_once",
    });
    expect(judge(approval, { option_id: "allow_always" })).toMatchObject({ decision: "allow" });
    expect(judge(approval, { option_id: "deny", message: "no" })).toEqual({
      by: "ann",
      message: "no",
      outcome: "denied",
      decision: "deny",
      reason: "denied",
      option_id: "deny",
    });
  });

  it("takes each kind's answer as it is", () => {
    expect(judge(choice, { option_id: "n" })).toEqual({ by: "ann", outcome: "answered", option_id: "n" });
    expect(judge(text, { text: " as it is " })).toEqual({ by: "ann", outcome: "answered", text: " as it is " });
    expect(judge(acknowledge, { message: "seen" })).toEqual({ by: "ann", outcome: "answered", message: "seen" });
  });

  it.each<[string, QuestionInput, AnswerInput, string]>([
    ["an unknown option", choice, { option_id: "x" }, "invalid_option"],
    ["no option", choice, {}, "invalid_option"],
    ["an option where none is listed", { kind: "choice", scope: "user_question", prompt: "?" }, { option_id: "y" }, "invalid_option"],
    ["a text for an option", choice, { text: "y" }, "invalid_option"],
    ["an option and a text", choice, { option_id: "y", text: "y" }, "invalid_answer"],
    ["an inherited name for an option", approval, { option_id: "constructor" }, "invalid_option"],
    ["no text", text, {}, "invalid_answer"],
    ["a blank text", text, { text: " \n\t" }, "invalid_answer"],
    ["an option for a text", text, { text: "a", option_id: "a" }, "invalid_answer"],
    ["a text for an acknowledgement", acknowledge, { text: "a" }, "invalid_answer"],
    ["an option for an acknowledgement", acknowledge, { option_id: "a" }, "invalid_answer"],
    ["the digest of another question", approval, { option_id: "allow_once", digest: "other" }, "question_changed"],
    ["an empty digest", approval, { option_id: "allow_once", digest: "" }, "question_changed"],
  ])("refuses %s", (_, input, given, code) => expect(codeOf(() => judge(input, given))).toBe(code));

  const meshChoice: QuestionInput = { ...choice, scope: "mesh_ask" };

  it.each<[string, QuestionInput, AnswerInput, object]>([
    ["denied approval", approval, { outcome: "denied" }, { outcome: "denied", decision: "deny", reason: "denied" }],
    ["canceled approval", approval, { outcome: "canceled" }, { outcome: "denied", decision: "deny", reason: "canceled" }],
    ["acknowledged approval", approval, { outcome: "acknowledged" }, { outcome: "denied", decision: "deny", reason: "denied" }],
    ["denied choice", choice, { outcome: "denied", message: "no" }, { outcome: "denied", reason: "denied", message: "no" }],
    ["canceled text", text, { outcome: "canceled" }, { outcome: "canceled", reason: "canceled" }],
    ["denied acknowledgement", acknowledge, { outcome: "denied" }, { outcome: "denied", reason: "denied" }],
    ["denied question of an ask", meshChoice, { outcome: "denied" }, { outcome: "denied", reason: "denied" }],
    ["acknowledged choice", choice, { outcome: "acknowledged" }, { outcome: "answered" }],
    ["acknowledgement", acknowledge, { outcome: "acknowledged" }, { outcome: "answered" }],
    ["answer that says that it is one", choice, { outcome: "answered", option_id: "y" }, { outcome: "answered", option_id: "y" }],
  ])("records a %s", (_, input, given, ending) => expect(judge(input, given)).toStrictEqual({ by: "ann", ...ending }));

  it.each<[string, QuestionInput, AnswerInput, string]>([
    ["a denial with an option", approval, { outcome: "denied", option_id: "allow_once" }, "invalid_answer"],
    ["a cancel with a text", text, { outcome: "canceled", text: "a" }, "invalid_answer"],
    ["an acknowledgement with an option", approval, { outcome: "acknowledged", option_id: "allow_once" }, "invalid_answer"],
    ["an acknowledged text", text, { outcome: "acknowledged" }, "invalid_answer"],
    ["an acknowledged choice of an ask", meshChoice, { outcome: "acknowledged" }, "invalid_option"],
    ["a denial of another question", approval, { outcome: "denied", digest: "other" }, "question_changed"],
  ])("refuses %s", (_, input, given, code) => expect(codeOf(() => judge(input, given))).toBe(code));

  it("passes with the right digest", () => expect(judge(approval, { option_id: "deny", digest: "d" })).toMatchObject({ decision: "deny" }));

  it("never answers with an allow that no listed option gives, whatever is sent", () => {
    const outcome = fc.option(fc.constantFrom(...answerOutcome.options), { nil: undefined });
    const value = fc.option(fc.constantFrom("allow_once", "deny", "allow", "maybe", "d", "", "__proto__"), { nil: undefined });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("option_id", "text", "message", "digest"), value), outcome, (given, said) => {
        const entries = Object.entries({ ...given, outcome: said }).filter(([, entry]) => entry !== undefined);
        const input = Object.fromEntries(entries) as AnswerInput;
        let decision: string | undefined;
        if (codeOf(() => (decision = judge(approval, input).decision)) !== "passes") return;
        expect(decision).toBe(input.option_id === "allow_once" ? "allow" : "deny");
        if (said === undefined) expect(["allow_once", "deny"]).toContain(input.option_id);
      }),
    );
  });
});

describe("an end without an answer", () => {
  it.each(denyReason.options)("for the reason %s denies an approval, and says so", (reason) => {
    expect(endWithoutAnswer(asked(approval), reason)).toEqual({ outcome: "denied", decision: "deny", reason });
    expect(endWithoutAnswer(asked(text), reason)).toEqual({ outcome: reason === "timed_out" ? "timed_out" : "canceled", reason });
  });

  it("at the deadline is the default answer, which cannot allow", () => {
    expect(endAtDeadline(asked(choice))).toEqual({ outcome: "timed_out", reason: "timed_out" });
    expect(endAtDeadline(asked({ ...choice, default_answer: "y" }))).toEqual({ outcome: "answered", defaulted: true, option_id: "y" });
    expect(endAtDeadline(asked({ ...text, default_answer: "Ada" }))).toEqual({ outcome: "answered", defaulted: true, text: "Ada" });
    expect(endAtDeadline(asked(approval))).toEqual({ outcome: "denied", decision: "deny", reason: "timed_out" });
    for (const default_answer of ["deny", "allow_once"]) {
      expect(endAtDeadline(asked({ ...approval, default_answer }))).toMatchObject({
        outcome: "denied",
        decision: "deny",
        reason: "timed_out",
        defaulted: true,
      });
    }
  });

  it("has the form of an answer", () => {
    for (const input of [approval, choice, text, acknowledge]) {
      for (const reason of denyReason.options) expect(answerSchema.safeParse(endWithoutAnswer(asked(input), reason)).success).toBe(true);
      expect(answerSchema.safeParse(endAtDeadline(asked(input))).success).toBe(true);
    }
  });
});
