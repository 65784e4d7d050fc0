import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Context } from "../../../adapters/cli/context.js";
import { followRun } from "../../../adapters/cli/follow-run.js";
import { createClient } from "../../../adapters/client/index.js";
import type { QuestionInput } from "../../../lib/questions/schema.js";
import type { RunContext } from "../../../lib/runs/executor.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { openManager, until } from "../../support/manager.js";
import { terminal } from "../../support/terminal.js";

const forever = new AbortController().signal;
const permission = (prompt: string): QuestionInput => ({
  kind: "choice",
  scope: "tool_permission",
  prompt,
  options: [
    { id: "allow_once", title: "Allow once", effect: "allow" },
    { id: "allow_always", title: "Allow always", effect: "allow" },
    { id: "deny", title: "Deny", effect: "deny" },
  ],
  tool: { call_id: "c1", name: "bash", level: "confirm_execute", args: { command: "ls" } },
});

async function follow(work: (context: RunContext) => Promise<string | undefined>, set: { env?: Context["env"] } = {}) {
  const manager = await openManager(functionExecutor(work));
  const client = createClient(manager);
  const { context, stdin, written } = terminal();
  const { run_id } = await client.runs.start({ prompt: "x" });
  const done = followRun(client, run_id, { ...context, ...set }, { signal: forever });
  return { client, run_id, done, stdin, written };
}

describe("followRun at a terminal", () => {
  it("asks for an approval and sends what was typed", async () => {
    const { done, stdin, written } = await follow(async ({ ask }) => (await ask(permission("Run ls?"))).decision);
    await until(() => written.stderr.includes("Run ls?"));
    stdin.write("maybe\n");
    await until(() => written.stderr.split("Run ls?").length === 3);
    stdin.write("y\n");
    expect(await done).toBe(0);
    expect(written.stdout).toBe("allow\n");
  });

  it("asks one question after the other", async () => {
    const { done, stdin, written } = await follow(async ({ ask }) => {
      const [first, second] = await Promise.all([ask(permission("First?")), ask(permission("Second?"))]);
      return `${first.option_id} ${second.option_id}`;
    });
    await until(() => written.stderr.includes("First?"));
    expect(written.stderr).not.toContain("Second?");
    stdin.write("n\n");
    await until(() => written.stderr.includes("Second?"));
    stdin.write("a\n");
    expect(await done).toBe(0);
    expect(written.stdout).toBe("deny allow_always\n");
  });

  it("asks the questions of child runs too", async () => {
    const work = async (context: RunContext): Promise<string> => {
      if (context.run.parent_id !== undefined)
        return (await context.ask({ kind: "text", scope: "user_question", prompt: "Which color?" })).text ?? "";
      return (await (await context.start({ prompt: "child" })).done()).result ?? "";
    };
    const { done, stdin, written } = await follow(work);
    await until(() => written.stderr.includes("Which color?"));
    stdin.write("blue\n");
    expect(await done).toBe(0);
    expect(written.stdout).toBe("blue\n");
  });

  it("puts no question that somebody else has answered", async () => {
    const { client, run_id, done, stdin, written } = await follow(async ({ ask }) => {
      await ask(permission("First?"));
      return (await ask(permission("Second?"))).option_id;
    });
    await until(() => written.stderr.includes("First?"));
    const { questions } = await client.runs.questions({ id: run_id, status: "open" });
    await client.runs.answer({ id: run_id, question_id: questions[0]?.question_id ?? "", option_id: "deny" });
    await until(() => written.stderr.includes("Second?"));
    stdin.write("y\n");
    expect(await done).toBe(0);
    expect(written.stdout).toBe("allow_once\n");
  });

  it("replays answered questions without asking them", async () => {
    const { client, run_id, done, stdin, written } = await follow(async ({ ask }) => (await ask(permission("Run ls?"))).decision);
    await until(() => written.stderr.includes("Run ls?"));
    stdin.write("y\n");
    await done;
    const again = terminal();
    expect(await followRun(client, run_id, again.context, { signal: forever })).toBe(0);
    expect(again.written.stderr).not.toContain("Run ls?");
    expect(again.written.stdout).toBe("allow\n");
  });

  it("is no approver inside a run", async () => {
    const { client, run_id, done, written } = await follow(async ({ ask }) => (await ask(permission("Run ls?"))).decision, {
      env: { ANODE_RUN_ID: "R-outer" },
    });
    await until(async () => (await client.runs.questions({ id: run_id, status: "open" })).questions.length === 1);
    const { questions } = await client.runs.questions({ id: run_id, status: "open" });
    await client.runs.answer({ id: run_id, question_id: questions[0]?.question_id ?? "", option_id: "deny" });
    expect(await done).toBe(0);
    expect(written.stderr).not.toContain("Run ls?");
  });
});

describe("followRun where nobody is asked", () => {
  const unasked = (): ReturnType<typeof terminal> => {
    const { context, stdin, written } = terminal();
    return { context: { ...context, stdin: new PassThrough() as unknown as Context["stdin"] }, stdin, written };
  };

  it.each([
    [permission("Run ls?"), { option_id: "deny" }, "y"],
    [{ kind: "text", scope: "user_question", prompt: "Name?" } satisfies QuestionInput, { text: "Ada" }, "--text <answer>"],
  ])("says how a question that waits is answered, and of one that was only what it was", async (question, answer, words) => {
    const manager = await openManager(functionExecutor(async ({ ask }) => void (await ask(question))));
    const client = createClient(manager);
    const { run_id } = await client.runs.start({ prompt: "x" });
    const now = unasked();
    const done = followRun(client, run_id, now.context, { signal: forever });
    await until(() => now.written.stderr.includes(`in another terminal: anode runs answer ${run_id} ${words}\n`));
    const [asked] = (await client.runs.questions({ id: run_id, status: "open" })).questions;
    await client.runs.answer({ id: run_id, question_id: asked?.question_id ?? "", ...answer });
    expect(await done).toBe(0);
    const later = unasked();
    expect(await followRun(client, run_id, later.context, { signal: forever })).toBe(0);
    expect(later.written.stderr).toContain(`asks: ${question.prompt}`);
    expect(later.written.stderr).not.toContain("another terminal");
  });
});

describe("followRun", () => {
  it("leaves the run alone when it is told to leave", async () => {
    const manager = await openManager(
      functionExecutor(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve()))),
    );
    const client = createClient(manager);
    const { run_id } = await client.runs.start({ prompt: "x" });
    const leaving = new AbortController();
    const done = followRun(client, run_id, terminal().context, { signal: leaving.signal });
    await until(async () => (await client.runs.get({ id: run_id })).status === "running");
    leaving.abort();
    expect(await done).toBe(0);
    expect((await client.runs.get({ id: run_id })).status).toBe("running");
  });

  it("knows the ending of a run whose log was read before", async () => {
    const manager = await openManager(functionExecutor(() => Promise.reject(new Error("boom"))));
    const client = createClient(manager);
    const { run_id } = await client.runs.start({ prompt: "x" });
    const { last_seq } = await client.runs.wait({ id: run_id, timeout_ms: 5000 });
    expect(await followRun(client, run_id, terminal().context, { after: last_seq, signal: forever })).toBe(1);
  });

  it("prints record events as they are, one a line", async () => {
    const manager = await openManager(
      functionExecutor(async ({ emit }) => void (await emit("assistant.message", { message_id: "m", text: "\u009bhi" }))),
    );
    const client = createClient(manager);
    const { context, written } = terminal();
    const { run_id } = await client.runs.start({ prompt: "x" });
    expect(await followRun(client, run_id, context, { asJson: true, signal: forever })).toBe(0);
    const page = await client.runs.events({ id: run_id });
    expect(
      written.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(page.events);
    expect(written.stdout).not.toContain("\u009b");
  });
});
