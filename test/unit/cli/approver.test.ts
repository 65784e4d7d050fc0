import { describe, expect, it } from "vitest";
import { createApprover } from "../../../adapters/cli/approver.js";
import { json, scriptedClient, type Step } from "../client/fixtures.js";
import { until } from "../../support/manager.js";
import { terminal } from "../../support/terminal.js";

const question = {
  question_id: "Q-1",
  from_peer_id: "peer-0123456789abcdef",
  kind: "choice",
  scope: "user_question",
  prompt: "Which?",
  options: [{ id: "a", title: "A" }],
  digest: "d",
  asked_at: "2026-11-26T00:00:00.000Z",
  deadline: "2026-11-26T00:00:00.000Z",
};

describe("An approver", () => {
  it.each([
    ["by its name", json({ display_name: "docs" }), "docs asks: Which?"],
    ["by its id where there is no name", new Error("gone"), "peer-0123456789abcdef asks: Which?"],
  ])("tells which peer asks %s", async (_how, peer, line) => {
    const { context, written } = terminal(true);
    const step: Step = ({ operation }) => {
      if (operation.name !== "peers.get") return json({ ...question, status: "open" });
      if (peer instanceof Error) throw peer;
      return peer;
    };
    const { client } = scriptedClient([step, step]);
    const { signal } = new AbortController();
    const approver = createApprover({ client, output: context.output, stdin: context.stdin, signal });
    approver.see({ id: "", seq: 1, type: "question.asked", time: question.asked_at, payload: question });
    await until(() => written.stderr.includes("Which?"));
    expect(written.stderr).toContain(line);
    approver.close();
  });
});
