import { describe, expect, it } from "vitest";
import type { Caller } from "../../../lib/caller.js";
import { assertMayAnswer } from "../../../lib/questions/may-answer.js";
import type { Question } from "../../../lib/questions/schema.js";
import { isAnodeError } from "../../../lib/errors.js";

const common = { question_id: "Q-1", kind: "choice", prompt: "?", digest: "d", asked_at: "t", deadline: "t", status: "open" } as const;
const approvalOf = (owner: object): Question => ({ ...common, scope: "tool_permission", ...owner });
const userQuestionOf = (owner: object): Question => ({ ...common, scope: "user_question", ...owner });
const meshAsk: Question = { ...common, scope: "mesh_ask", peer_id: "peer-a", from_peer_id: "peer-a", recipient: "peer-b" };

const caller = (more: Partial<Caller>): Caller => ({ id: "x", door: "tcp", scopes: ["read", "control"], ...more });
const approver = caller({ scopes: ["read", "control", "approve"] });
const owner = caller({ scopes: ["admin"] });
/** R-2 is below R-1. */
const isWithin = async (id: string, ancestor: string): Promise<boolean> => id === ancestor || (id === "R-2" && ancestor === "R-1");

const judged = (question: Question, who: Caller): Promise<string> =>
  assertMayAnswer(question, who, isWithin).then(
    () => "may",
    (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
  );

describe("who may answer", () => {
  it.each<[string, Question, Caller, string]>([
    ["an approval, by the owner", approvalOf({ run_id: "R-1" }), owner, "may"],
    ["an approval, by an approver", approvalOf({ peer_id: "peer-a" }), approver, "may"],
    ["an approval, by control alone", approvalOf({ peer_id: "peer-a" }), caller({}), "scope_required"],
    ["a run's, by the run", approvalOf({ run_id: "R-1" }), { ...owner, run_id: "R-1" }, "self_approval"],
    ["a run's, by a run below it", approvalOf({ run_id: "R-1" }), { ...owner, run_id: "R-2" }, "self_approval"],
    ["a run's, by the run above it", approvalOf({ run_id: "R-2" }), { ...owner, run_id: "R-1" }, "may"],
    ["a peer's, by the peer", approvalOf({ peer_id: "peer-a" }), { ...owner, peer_id: "peer-a" }, "self_approval"],
    ["one asked for a peer, by the peer", approvalOf({ from_peer_id: "peer-a" }), { ...owner, peer_id: "peer-a" }, "self_approval"],
    ["a peer's, by another", approvalOf({ peer_id: "peer-a" }), { ...owner, peer_id: "peer-b" }, "may"],
    ["any, from inside a run", approvalOf({ peer_id: "peer-a" }), { ...owner, inside_run: true }, "self_approval"],
    ["a user's question, by control", userQuestionOf({ peer_id: "peer-a" }), caller({}), "may"],
    ["a user's question, by who asks", userQuestionOf({ peer_id: "peer-a" }), caller({ peer_id: "peer-a" }), "self_approval"],
    ["a question without an owner, by a peer", userQuestionOf({}), caller({ peer_id: "peer-a" }), "may"],
    ["one on an ask, by its recipient", meshAsk, caller({ peer_id: "peer-b" }), "may"],
    ["one on an ask, by the owner on its behalf", meshAsk, owner, "may"],
    ["one on an ask, by its asker", meshAsk, caller({ peer_id: "peer-a" }), "not_the_recipient"],
    ["one on an ask, by a run that is no peer", meshAsk, caller({ run_id: "R-1" }), "not_the_recipient"],
    ["one on an ask to oneself", { ...meshAsk, recipient: "peer-a" }, caller({ peer_id: "peer-a" }), "may"],
    ["one on an ask, from inside a run", meshAsk, { ...owner, inside_run: true }, "self_approval"],
  ])("%s", async (_, question, who, verdict) => expect(await judged(question, who)).toBe(verdict));
});
