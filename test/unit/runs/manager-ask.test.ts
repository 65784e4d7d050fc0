import { describe, expect, it } from "vitest";
import type { Caller } from "../../../lib/caller.js";
import type { CallQuestion } from "../../../lib/questions/ask-and-wait.js";
import type { Question } from "../../../lib/questions/schema.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { eventsOf, gate, openManager, until, untilAborted } from "../../support/manager.js";

const approval: CallQuestion = {
  kind: "choice",
  scope: "tool_permission",
  prompt: "Run ls?",
  options: [
    { id: "allow", title: "Allow" },
    { id: "deny", title: "Deny" },
  ],
  correlation_id: "pretool-1234",
};
const peer: Caller = { id: "token:T-1", door: "tcp", scopes: ["read", "control"], peer_id: "peer-a" };

describe("RunManager.ask", () => {
  it("is open for others to answer, and gives their answer with its id", async () => {
    const manager = await openManager(untilAborted);
    const asked = manager.ask({ ...approval, origin: "claude-code" }, { caller: peer });
    await until(() => manager.desk.openCount === 1);
    const [question] = (await manager.questions({ status: "open" })).questions;
    expect(question).toMatchObject({
      question_id: "pretool-1234",
      peer_id: "peer-a",
      from_peer_id: "peer-a",
      asked_by: "token:T-1",
      origin: "claude-code",
    });
    await manager.desk.answer("pretool-1234", { option_id: "allow" }, { ...peer, id: "ann" });
    expect(await asked).toEqual({ correlation_id: "pretool-1234", outcome: "answered", decision: "allow", option_id: "allow", by: "ann" });
  });

  it.each([
    ["45 s, when nothing else is said", {}, {}, 45_000],
    ["as long as it says", { timeout_ms: 200 }, {}, 200],
    ["55 s, however much is asked for", { timeout_ms: 600_000 }, {}, 55_000],
    ["as long as the limits allow", { timeout_ms: 600_000 }, { questionWaitCapMs: 300_000 }, 300_000],
  ])("waits %s, whatever the wall clock does", async (_, asked, limits, waitMs) => {
    const host = createTestHost();
    const manager = await openManager(untilAborted, { host, limits });
    const answer = manager.ask({ ...approval, ...asked }, { caller: peer });
    await until(() => manager.desk.openCount === 1);
    host.clock.jump(-3_600_000);
    await host.clock.advance(waitMs - 1);
    expect(manager.desk.openCount).toBe(1);
    await host.clock.advance(1);
    expect(await answer).toMatchObject({ outcome: "denied", decision: "deny", reason: "timed_out" });
  });

  it("takes the question back when the caller is gone, even before it was stored", async () => {
    const manager = await openManager(untilAborted);
    const gone = new AbortController();
    const asked = manager.ask(approval, { caller: peer, signal: gone.signal });
    gone.abort();
    await expect(asked).rejects.toMatchObject({ code: "aborted" });
    await until(() => manager.desk.openCount === 0);
    expect(await manager.desk.get("pretool-1234")).toMatchObject({ outcome: "denied", reason: "canceled" });
  });

  it("lets one of two waiting calls go at once, and the other wait on", async () => {
    const manager = await openManager(untilAborted);
    const gone = new AbortController();
    const first = manager.ask(approval, { caller: peer, signal: gone.signal });
    const second = manager.ask(approval, { caller: peer });
    await until(() => manager.desk.openCount === 1);
    gone.abort();
    await expect(first).rejects.toMatchObject({ code: "aborted" });
    await manager.desk.answer("pretool-1234", { option_id: "allow" }, { ...peer, id: "ann" });
    expect(await second).toMatchObject({ decision: "allow" });
  });

  it("is answered at a shutdown, before close() resolves, and refused from then on", async () => {
    const manager = await openManager(untilAborted);
    const asked = manager.ask(approval, { caller: peer });
    await until(() => manager.desk.openCount === 1);
    const closing = manager.close();
    expect(await asked).toMatchObject({ outcome: "denied", decision: "deny", reason: "shutdown" });
    await expect(manager.ask(approval, { caller: peer })).rejects.toMatchObject({ code: "shutting_down" });
    await closing;
  });

  it("is denied at once where nobody approves and the configuration does not wait", async () => {
    const manager = await openManager(untilAborted, { approval: { unattended: "deny" } });
    expect(await manager.ask(approval, { caller: peer })).toMatchObject({ outcome: "denied", reason: "no_approver" });
    expect((await manager.ask({ ...approval, correlation_id: "pretool-5678" }, { caller: peer })).reason).toBe("no_approver");
  });

  it("is put to the application that embeds the manager", async () => {
    const heard: Question[] = [];
    const manager = await openManager(untilAborted, {
      approval: { unattended: "deny" },
      onQuestion(question) {
        heard.push(question);
        return { option_id: "allow" };
      },
    });
    expect(await manager.ask(approval, { caller: peer })).toMatchObject({ decision: "allow", by: "local" });
    expect(heard).toMatchObject([{ question_id: "pretool-1234" }]);
  });

  it("has secrets taken out before anybody reads it", async () => {
    const redact = (value: object): object => JSON.parse(JSON.stringify(value).replaceAll("s3cret", "[redacted]")) as object;
    const manager = await openManager(untilAborted, { redact, approval: { unattended: "deny" } });
    await manager.ask({ ...approval, prompt: "curl -H s3cret", metadata: { input: "s3cret" } }, { caller: peer });
    expect(await manager.desk.get("pretool-1234")).toMatchObject({ prompt: "curl -H [redacted]", metadata: { input: "[redacted]" } });
  });
});

describe("RunManager.ask for a run", () => {
  const ofRun = (run_id: string): Caller => ({ id: "token:T-9", door: "tcp", scopes: ["read", "control"], run_id });

  it("stands in the run's events, and the run waits meanwhile", async () => {
    const { executor, release } = gate();
    const manager = await openManager(executor);
    const { id } = await manager.start({ prompt: "x" });
    await until(async () => (await manager.get(id)).status === "running");
    const asked = manager.ask(approval, { caller: ofRun(id) });
    await until(async () => (await manager.get(id)).status === "waiting");
    await manager.answer(id, "pretool-1234", { option_id: "allow" });
    expect(await asked).toMatchObject({ decision: "allow" });
    release("done");
    await manager.wait(id);
    expect((await eventsOf(manager, id)).map(({ type, status }) => [type, status])).toEqual([
      ["run.queued", "queued"],
      ["run.started", "running"],
      ["question.asked", "waiting"],
      ["question.closed", "running"],
      ["run.completed", "completed"],
    ]);
  });

  it("ends with the run, and one that has ended asks nothing", async () => {
    const manager = await openManager(untilAborted);
    const { id } = await manager.start({ prompt: "x" });
    await until(async () => (await manager.get(id)).status === "running");
    const asked = manager.ask(approval, { caller: ofRun(id) });
    await until(() => manager.desk.openCount === 1);
    await manager.cancel(id);
    expect(await asked).toMatchObject({ outcome: "denied", reason: "canceled" });
    await expect(manager.ask({ ...approval, correlation_id: "pretool-5678" }, { caller: ofRun(id) })).rejects.toMatchObject({
      code: "run_finished",
    });
  });

  it("follows the run's own rule for when nobody approves", async () => {
    const manager = await openManager(
      functionExecutor(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve("")))),
    );
    const { id } = await manager.start({ prompt: "x", approval: { unattended: "deny" } });
    await until(async () => (await manager.get(id)).status === "running");
    expect(await manager.ask(approval, { caller: ofRun(id) })).toMatchObject({ reason: "no_approver" });
  });

  it("is bounded as the run's other questions are", async () => {
    const manager = await openManager(untilAborted, { limits: { questionsPerRun: 1 } });
    const { id } = await manager.start({ prompt: "x" });
    await until(async () => (await manager.get(id)).status === "running");
    void manager.ask(approval, { caller: ofRun(id) });
    await until(() => manager.desk.openCount === 1);
    await expect(manager.ask({ ...approval, correlation_id: "pretool-5678" }, { caller: ofRun(id) })).rejects.toMatchObject({
      code: "question_full",
    });
  });
});
