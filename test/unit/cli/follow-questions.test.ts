import { describe, expect, it } from "vitest";
import { followQuestions, type QuestionFilter } from "../../../adapters/cli/follow-questions.js";
import { createClient } from "../../../adapters/client/index.js";
import { openManager, until, untilAborted } from "../../support/manager.js";
import { terminal } from "../../support/terminal.js";

const question = {
  prompt: "Run ls?",
  options: [
    { id: "allow", title: "Allow" },
    { id: "deny", title: "Deny" },
  ],
};

async function following(filter: QuestionFilter = {}, { isTTY = true, asJson = false, first = 0 } = {}) {
  const manager = await openManager(untilAborted, { approval: { unattended: "deny" } });
  const client = createClient(manager);
  const early = Array.from({ length: first }, (_, n) =>
    client.questions.askBlocking({ ...question, scope: "user_question", prompt: `Early ${n}?`, correlation_id: `early-000${n}` }),
  );
  await until(() => manager.desk.openCount === first);
  const { context, stdin, written } = terminal(isTTY);
  const leaving = new AbortController();
  const done = followQuestions(client, filter, context, { asJson, signal: leaving.signal });
  await until(async () => (await manager.stats()).readers > 0);
  return { manager, client, stdin, written, early, leave: () => leaving.abort(), done };
}

describe("followQuestions at a terminal", () => {
  it("puts what is open and what comes to the person, who is an approver meanwhile", async () => {
    const { client, stdin, written, early, leave, done } = await following({}, { first: 1 });
    // Nobody else is there: without the reader it would be denied at once.
    const asked = client.questions.askBlocking({ ...question, correlation_id: "pretool-1234", origin: "claude-code" });
    await until(() => written.stderr.includes("Early 0?"));
    expect(written.stderr).not.toContain("Run ls?");
    stdin.write("2\n");
    expect(await early[0]).toMatchObject({ outcome: "answered", option_id: "deny" });
    await until(() => written.stderr.includes("claude-code asks: Run ls?"));
    expect(written.stderr).toContain("Allow? y (Allow), n (Deny)");
    stdin.write("y\n");
    expect(await asked).toMatchObject({ decision: "allow" });
    leave();
    expect(await done).toBe(0);
  });

  it("drops what was answered elsewhere", async () => {
    const { client, stdin, written, leave, done } = await following();
    const first = client.questions.askBlocking({ ...question, correlation_id: "pretool-0001" });
    await until(() => written.stderr.includes("Run ls?"));
    await client.questions.answer({ correlation_id: "pretool-0001", outcome: "denied" });
    await first;
    const second = client.questions.askBlocking({ ...question, correlation_id: "pretool-0002", prompt: "Run pwd?" });
    await until(() => written.stderr.includes("Run pwd?"));
    stdin.write("y\n");
    expect(await second).toMatchObject({ decision: "allow" });
    leave();
    expect(await done).toBe(0);
  });
});

describe("followQuestions elsewhere", () => {
  it("tells what is asked and closed, a line each, and approves nothing", async () => {
    const { client, written, leave, done } = await following({ scope: "tool_permission" }, { isTTY: false, first: 1 });
    expect(await client.questions.askBlocking({ ...question, correlation_id: "pretool-1234" })).toMatchObject({ reason: "no_approver" });
    await until(() => written.stdout.includes("closed pretool-1234"));
    leave();
    expect(await done).toBe(0);
    expect(written.stdout).not.toContain("Early");
  });

  it("gives the events as JSON", async () => {
    const { client, written, leave, done } = await following({}, { isTTY: false, asJson: true });
    await client.questions.askBlocking({ ...question, correlation_id: "pretool-1234", scope: "user_question", timeout_ms: 1 });
    await until(() => written.stdout.split("\n").length > 2);
    leave();
    await done;
    expect(
      written.stdout
        .trim()
        .split("\n")
        .map((text) => (JSON.parse(text) as { type: string }).type),
    ).toEqual(["question.asked", "question.closed"]);
  });
});
