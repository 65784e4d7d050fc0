import { describe, expect } from "vitest";
import type { Client } from "../../adapters/client/index.js";
import { isAnodeError } from "../../lib/index.js";
import type { RunManager } from "../../lib/runs/manager.js";
import { eventually } from "../support/daemon.js";
import { newUser, says, scriptedDaemon } from "../support/program.js";
import { verifies, verifiesWith } from "./verifies.js";

const options = [
  { id: "allow", title: "Allow" },
  { id: "deny", title: "Deny" },
];
const question = { correlation_id: "pretool-toolu_1", prompt: "Run ls?", options, metadata: { tool: "Bash", input: "ls" } };

async function open(manager: RunManager, count = 1): Promise<void> {
  await eventually(() => manager.desk.openCount === count);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolves",
    (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
  );
}

describe("ask-blocking", () => {
  verifies("anode.questions.blocking", async ({ client, manager }) => {
    const asked = client.questions.askBlocking({ ...question, origin: "claude-code" });
    await open(manager);
    const { questions } = await client.questions.list({ scope: "tool_permission" });
    expect(questions).toMatchObject([{ question_id: "pretool-toolu_1", origin: "claude-code", metadata: { input: "ls" } }]);
    expect(await client.questions.answer({ correlation_id: "pretool-toolu_1", option_id: "allow", message: "this once" })).toMatchObject({
      ok: true,
      decision: "allow",
    });
    expect(await asked).toEqual({
      correlation_id: "pretool-toolu_1",
      outcome: "answered",
      decision: "allow",
      option_id: "allow",
      message: "this once",
      reason: "answered",
    });
    const bare = client.questions.askBlocking({ ...question, correlation_id: "pretool-toolu_2" });
    await open(manager);
    await client.questions.answer({ correlation_id: "pretool-toolu_2", outcome: "acknowledged" });
    expect(await bare).toMatchObject({ outcome: "denied", decision: "deny", reason: "denied" });
  });

  verifies("anode.questions.blocking.timeout", async ({ client, manager }) => {
    expect(await client.questions.askBlocking({ ...question, timeout_ms: 30 })).toMatchObject({
      outcome: "denied",
      decision: "deny",
      reason: "timed_out",
    });
    const text = { prompt: "Which one?", kind: "text", scope: "user_question", timeout_ms: 30 } as const;
    expect(await client.questions.askBlocking({ ...text, default_answer: "the first" })).toMatchObject({
      outcome: "answered",
      text: "the first",
      defaulted: true,
    });
    expect(await client.questions.askBlocking(text)).toMatchObject({ outcome: "timed_out", reason: "timed_out" });
    expect(manager.desk.openCount).toBe(0);
  });

  verifies("anode.questions.blocking.disconnect", async ({ client, manager }) => {
    const gone = new AbortController();
    const asked = codeOf(client.questions.askBlocking(question, { signal: gone.signal }));
    await open(manager);
    gone.abort();
    expect(await asked).toBe("aborted");
    await open(manager, 0);
    const closed = await eventually(async () => {
      const found = await client.questions.get({ id: "pretool-toolu_1" });
      return found.status === "closed" && found;
    });
    expect(closed).toMatchObject({ outcome: "denied", decision: "deny", reason: "canceled" });
    const late = client.questions.answer({ correlation_id: "pretool-toolu_1", option_id: "allow" });
    await expect(late).rejects.toMatchObject({ code: "question_closed", status: 410, details: { outcome: "denied" } });
    expect((await client.questions.get({ id: "pretool-toolu_1" })).decision).toBe("deny");
  });

  verifies("anode.questions.blocking.repeat", async ({ client, manager }) => {
    const first = client.questions.askBlocking(question);
    await open(manager);
    const second = client.questions.askBlocking(question);
    const other = { ...question, prompt: "Run rm -rf /?" };
    await expect(client.questions.askBlocking(other)).rejects.toMatchObject({ code: "correlation_conflict", status: 409 });
    await client.questions.answer({ correlation_id: "pretool-toolu_1", option_id: "allow" });
    expect((await Promise.all([first, second])).map(({ decision }) => decision)).toEqual(["allow", "allow"]);
    expect(await client.questions.askBlocking(question)).toMatchObject({ decision: "allow", reason: "answered" });
    await expect(client.questions.askBlocking(other)).rejects.toMatchObject({ code: "correlation_conflict" });
    expect((await client.questions.list({ status: "all" })).questions).toHaveLength(1);
  });

  verifies("anode.questions.blocking.shutdown", async ({ client, manager }) => {
    const held = [1, 2, 3].map((n) => client.questions.askBlocking({ ...question, correlation_id: `pretool-toolu_${n}` }));
    await open(manager, 3);
    const closing = manager.close();
    for (const answer of await Promise.all(held)) expect(answer).toMatchObject({ outcome: "denied", decision: "deny", reason: "shutdown" });
    expect(await codeOf(client.questions.askBlocking({ ...question, correlation_id: "pretool-toolu_9" }))).toBe("shutting_down");
    await closing;
  });

  verifiesWith("anode.questions.blocking", "curl", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const curl = (path: string, body: object) =>
      user.run(
        ...(["curl", "-sS", "-m", "20", "--unix-socket", `${user.home}/daemon.sock`, `http://localhost${path}`] as const),
        ...(["-H", "Content-Type: application/json", "-d", JSON.stringify(body)] as const),
      );
    const asked = curl("/questions/ask-blocking", question);
    const answer = { correlation_id: "pretool-toolu_1", option_id: "deny" };
    const reply = await eventually(async () => {
      const { out } = await curl("/answer", answer);
      return out.includes('"ok":true') && out;
    });
    expect(JSON.parse(reply)).toEqual({ ok: true, correlation_id: "pretool-toolu_1", outcome: "denied", decision: "deny" });
    expect(JSON.parse((await asked).out)).toEqual({
      correlation_id: "pretool-toolu_1",
      outcome: "denied",
      decision: "deny",
      option_id: "deny",
      reason: "denied",
    });
  });

  verifiesWith("anode.questions.blocking.restart", "cli", async () => {
    const user = newUser();
    const daemon = user.start("daemon");
    await says(daemon, "listening on http");
    const { connect } = await import("../../adapters/client/index.js");
    const ask = async (work: (client: Client) => Promise<unknown>): Promise<unknown> => {
      const client = await connect({ env: user.env });
      try {
        return await work(client);
      } finally {
        await client.close();
      }
    };
    const asked = ask((client) => codeOf(client.questions.askBlocking(question, { retries: 0 })));
    await eventually(async () => {
      const page = await ask((client) => client.questions.list());
      return (page as { questions: unknown[] }).questions.length === 1;
    });
    daemon.kill("SIGKILL");
    expect(await asked).toBe("connection_lost");
    await says(user.start("daemon"), "listening on http");
    // The caller's repeat: the recorded answer, which is no allow.
    expect(await ask((client) => client.questions.askBlocking(question))).toMatchObject({
      outcome: "denied",
      decision: "deny",
      reason: "restart",
    });
    const late = await user.anode("answer", "pretool-toolu_1", "y");
    expect(late.code).toBe(4);
    expect(late.err).toContain("has ended");
    const events = JSON.parse((await user.anode("runs", "answer", "--list", "--json")).out) as { questions: unknown[] };
    expect(events.questions).toEqual([]);
  });
});

describe("answering", () => {
  verifies("anode.questions.answer", async ({ client, manager }) => {
    const { run_id } = await client.runs.start({ prompt: "x", profile: "ask" });
    const asked = client.questions.askBlocking(question);
    await open(manager, 2);
    const { questions } = await client.questions.list();
    expect(questions).toHaveLength(2);
    const ofRun = questions.find((one) => one.run_id === run_id);
    expect(await client.questions.get({ id: ofRun?.question_id ?? "" })).toEqual(ofRun);
    const answer = { correlation_id: ofRun?.question_id ?? "", digest: ofRun?.digest ?? "" };
    await expect(client.questions.answer({ ...answer, option_id: "maybe" })).rejects.toMatchObject({ code: "invalid_option", status: 422 });
    await client.questions.answer({ ...answer, option_id: "allow_once" });
    expect(await client.runs.wait({ id: run_id })).toMatchObject({ status: "completed", result: "allow" });
    await client.questions.answer({ correlation_id: "pretool-toolu_1", outcome: "denied" });
    expect((await asked).decision).toBe("deny");
  });

  verifiesWith("anode.questions.answer", "cli", async () => {
    const user = newUser();
    const daemon = await scriptedDaemon(user);
    const started = await user.anode("runs", "start", "--profile", "ask", "x");
    const run = started.out.trim();
    const { questions } = await eventually(async () => {
      const page = await daemon.manager.questions({ run_ids: [run], status: "open" });
      return page.questions.length === 1 && page;
    });
    const id = questions[0]?.question_id ?? "";
    expect(await user.anode("answer", id, "maybe")).toMatchObject({ code: 2, err: expect.stringContaining("allow_once") });
    expect(await user.anode("answer", id, "y", "--deny")).toMatchObject({ code: 2 });
    expect(await user.anode("answer", id, "n", "--message", "not now")).toEqual({ code: 0, out: `${id} denied\n`, err: "" });
    expect(await daemon.manager.wait(run)).toMatchObject({ status: "completed", result: "deny" });
    expect(await user.anode("answer", id, "--ack")).toMatchObject({ code: 4 });
    expect(await user.anode("answer", "Q-none", "y")).toMatchObject({ code: 4 });
    const asked = daemon.manager.ask({ ...question, kind: "choice", scope: "tool_permission" });
    await open(daemon.manager);
    const json = await user.anode("answer", question.correlation_id, "--option", "allow", "--json");
    expect(JSON.parse(json.out)).toEqual({ ok: true, correlation_id: "pretool-toolu_1", outcome: "answered", decision: "allow" });
    expect(await asked).toMatchObject({ decision: "allow" });
  });
});
