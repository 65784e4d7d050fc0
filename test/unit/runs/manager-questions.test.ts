import { describe, expect, it } from "vitest";
import type { Caller } from "../../../lib/caller.js";
import type { Answer } from "../../../lib/questions/schema.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import type { RunManager } from "../../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../../lib/runs/options.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { eventsOf, openManager, until } from "../../support/manager.js";

const host = () => createTestHost();

/** A manager whose run asks for one approval, and what its executor got for it. */
async function asking(
  options: RunManagerOptions = {},
): Promise<{ manager: RunManager; id: string; answered: Promise<Answer>; questionId: string }> {
  const { promise: answered, resolve } = Promise.withResolvers<Answer>();
  const manager = await openManager(
    functionExecutor(async ({ ask }) => {
      const tool = { call_id: "c1", name: "bash", level: "confirm_execute", args: { command: "rm -r build" } };
      resolve(await ask({ kind: "choice", scope: "tool_permission", prompt: "Run rm -r build?", tool }));
    }),
    options,
  );
  const { id } = await manager.start({ prompt: "x" });
  await until(async () => (await manager.questions({ run_ids: [id] })).questions.length === 1);
  const questionId = (await manager.questions({ run_ids: [id] })).questions[0]?.question_id ?? "";
  return { manager, id, answered, questionId };
}

describe("a run's approval", () => {
  it("makes the run wait, and allows only by an option that allows", async () => {
    const { manager, id, answered, questionId } = await asking();
    expect(await manager.get(id)).toMatchObject({ status: "waiting", open_questions: 1 });
    await expect(manager.answer(id, questionId, { option_id: "maybe" })).rejects.toMatchObject({ code: "invalid_option" });
    await expect(manager.answer(id, questionId, { option_id: "allow_once", digest: "other" })).rejects.toMatchObject({
      code: "question_changed",
    });
    const closed = await manager.answer(id, questionId, { option_id: "allow_once", message: "go on" });
    expect(closed).toMatchObject({
      status: "closed",
      outcome: "answered",
      decision: "allow",
      option_id: "allow_once",
      by: "local",
      message: "go on",
    });
    expect(await answered).toMatchObject({ outcome: "answered", decision: "allow" });
    await expect(manager.answer(id, questionId, { option_id: "allow_once" })).rejects.toMatchObject({
      code: "question_closed",
      status: 410,
      details: { outcome: "answered" },
    });
    const done = await manager.wait(id);
    expect(done.status).toBe("completed");
    expect(done).not.toHaveProperty("open_questions");
    expect((await eventsOf(manager, id)).map((event) => [event.type, event.status])).toEqual([
      ["run.queued", "queued"],
      ["run.started", "running"],
      ["question.asked", "waiting"],
      ["question.closed", "running"],
      ["run.completed", "completed"],
    ]);
  });

  it("has one winner of two answers in the same step", async () => {
    const { manager, id, answered, questionId } = await asking();
    const both = await Promise.allSettled([
      manager.answer(id, questionId, { option_id: "deny" }),
      manager.answer(id, questionId, { option_id: "allow_once" }),
    ]);
    expect(both.map((result) => result.status)).toEqual(["fulfilled", "rejected"]);
    expect(await answered).toMatchObject({ outcome: "denied", decision: "deny", reason: "denied" });
  });

  it("is denied at its deadline", async () => {
    const test = host();
    const { manager, id, answered, questionId } = await asking({ host: test, approval: { timeout_ms: 30_000 } });
    await test.clock.advance(29_999);
    expect((await manager.get(id)).status).toBe("waiting");
    await test.clock.advance(1);
    expect(await answered).toEqual({ outcome: "denied", decision: "deny", reason: "timed_out" });
    await expect(manager.answer(id, questionId, { option_id: "allow_once" })).rejects.toMatchObject({ code: "question_closed" });
  });

  it("is denied when its run is canceled, with that reason", async () => {
    const { manager, id, answered } = await asking();
    await manager.cancel(id);
    expect(await answered).toEqual({ outcome: "denied", decision: "deny", reason: "canceled" });
    expect((await eventsOf(manager, id)).map((event) => event.type)).toEqual([
      "run.queued",
      "run.started",
      "question.asked",
      "run.cancel_requested",
      "question.closed",
      "run.canceled",
    ]);
  });

  it("is denied at shutdown, with that reason", async () => {
    const { manager, answered } = await asking();
    await manager.close();
    expect(await answered).toEqual({ outcome: "denied", decision: "deny", reason: "shutdown" });
  });

  it("that must not stay unattended is denied at once when nobody approves", async () => {
    const { answered } = await asking({ approval: { unattended: "deny" } });
    expect(await answered).toMatchObject({ decision: "deny", reason: "no_approver" });
  });

  it("that must not stay unattended waits 5 s after the last approver has left", async () => {
    const test = host();
    const { promise: answered, resolve } = Promise.withResolvers<Answer>();
    const { promise: go, resolve: ask } = Promise.withResolvers<void>();
    const manager = await openManager(
      functionExecutor(async (context) => {
        await go;
        resolve(await context.ask({ kind: "choice", scope: "tool_permission", prompt: "?" }));
      }),
      { host: test, approval: { unattended: "deny" } },
    );
    const { id } = await manager.start({ prompt: "x" });
    const reader = manager.attach(id, { approver: true });
    await reader.next();
    ask();
    await until(async () => (await manager.get(id)).status === "waiting");
    await test.clock.advance(60_000);
    expect((await manager.get(id)).status).toBe("waiting");
    await reader.return?.();
    await test.clock.advance(4_999);
    expect((await manager.get(id)).status).toBe("waiting");
    await test.clock.advance(1);
    expect(await answered).toMatchObject({ decision: "deny", reason: "no_approver" });
  });

  it("is never answered by its own run or one below it", async () => {
    const { manager, id, questionId } = await asking();
    const run: Caller = { id: "token:T", door: "tcp", scopes: ["read", "control", "approve"], run_id: id };
    const inside: Caller = { id: "owner", door: "unix", scopes: ["read", "control", "approve", "admin"], inside_run: true };
    for (const caller of [run, inside]) {
      await expect(manager.answer(id, questionId, { option_id: "allow_once" }, { caller })).rejects.toMatchObject({
        code: "self_approval",
      });
    }
    expect((await manager.get(id)).status).toBe("waiting");
  });

  it("needs the scope approve, where a question to the user needs control", async () => {
    const { manager, id, questionId } = await asking();
    const caller: Caller = { id: "token:T", door: "tcp", scopes: ["read", "control"] };
    await expect(manager.answer(id, questionId, { option_id: "allow_once" }, { caller })).rejects.toMatchObject({
      code: "scope_required",
      details: { scope: "approve" },
    });
  });
});

describe("questions of a run", () => {
  it("beyond their limit are denied unasked with a notice", async () => {
    const { promise: full, resolve: askMore } = Promise.withResolvers<void>();
    const { promise: denied, resolve } = Promise.withResolvers<Answer>();
    const manager = await openManager(
      functionExecutor(async ({ ask, signal }) => {
        for (let i = 0; i < 2; i++) void ask({ kind: "choice", scope: "tool_permission", prompt: `?${i}` });
        await full;
        resolve(await ask({ kind: "choice", scope: "tool_permission", prompt: "?" }));
        await new Promise<void>((done) => (signal.aborted ? done() : signal.addEventListener("abort", () => done())));
      }),
      { limits: { questionsPerRun: 2 } },
    );
    const { id } = await manager.start({ prompt: "x" });
    await until(async () => (await manager.questions({ run_ids: [id] })).questions.length === 2);
    askMore();
    expect(await denied).toMatchObject({ decision: "deny", reason: "no_approver" });
    await manager.cancel(id);
    expect((await eventsOf(manager, id)).filter((event) => event.type === "system.notice").map((event) => event.payload)).toMatchObject([
      { code: "question_full" },
    ]);
  });

  it("are within their limit when they are asked in one moment", async () => {
    const manager = await openManager(
      functionExecutor(async ({ ask }) => {
        const asked = Array.from({ length: 5 }, (_, i) => ask({ kind: "choice", scope: "tool_permission", prompt: `?${i}` }));
        await Promise.all(asked);
      }),
      { limits: { questionsPerRun: 2 }, host: { ...host(), digest: async (text) => text } },
    );
    const { id } = await manager.start({ prompt: "x" });
    await until(async () => (await manager.questions({ run_ids: [id] })).questions.length >= 2);
    expect((await manager.questions({ run_ids: [id] })).questions).toHaveLength(2);
  });

  it("are told to the application, whose answer counts", async () => {
    const heard: string[] = [];
    const manager = await openManager(
      functionExecutor(async ({ ask }) => (await ask({ kind: "text", scope: "user_question", prompt: "Name?" })).text ?? ""),
      { onQuestion: ({ prompt }) => (prompt === "Name?" ? { text: "Ada" } : undefined) },
    );
    manager.on("question", (question) => heard.push(question.status));
    expect(await (await manager.start({ prompt: "x" })).done()).toMatchObject({ result: "Ada" });
    await until(() => heard.length === 2);
    expect(heard.at(-1)).toBe("closed");
  });
});
