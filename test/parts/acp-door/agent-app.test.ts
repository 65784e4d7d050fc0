import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import type { Executor, RunContext } from "../../../lib/runs/executor.js";
import { until } from "../../support/manager.js";
import { openEditor, pairsFile } from "./fixtures.js";
import { agentInit } from "../../support/event-payloads.js";

/** An agent with a thread, as far as the door can tell: it names one and answers what it was told. */
const threaded = (work: (context: RunContext) => Promise<string | void> = async () => {}): Executor =>
  functionExecutor(
    async (context) => {
      const { request, emit } = context;
      await emit("system.init", agentInit(request));
      await emit("user.message", { message_id: "u1", text: request.prompt });
      const said = (await work(context)) ?? `did ${request.prompt}`;
      await emit("assistant.message", { message_id: "m1", text: said });
      return said;
    },
    { session: true },
  );

const bySelecting = (optionId: string) => () => ({ outcome: "selected" as const, optionId });
const askForBash = async ({ ask }: RunContext): Promise<string> => {
  const tool = { call_id: "c1", name: "bash", level: "confirm_execute", args: { command: "ls" } };
  const { decision, reason } = await ask({ kind: "choice", scope: "tool_permission", prompt: "Run ls?", tool });
  return `${decision} ${reason ?? ""}`.trim();
};

describe("an editor's prompt", () => {
  it("is a run in the session's folder, told as it goes", async () => {
    const editor = await openEditor(
      threaded(async ({ emit, preview }) => {
        preview("reasoning.delta", { message_id: "r1", offset: 0, text: "hm" });
        await emit("reasoning.message", { message_id: "r1", text: "hmm" });
        await emit("tool.call", { call_id: "c1", name: "read", args: { path: "a" }, level: "auto_read" });
        await emit("tool.result", { call_id: "c1", name: "read", ok: true, output: "text of a" });
        await emit("plan.updated", { entries: [{ content: "go", status: "completed" }] });
        await emit("usage.updated", { input_tokens: 5, output_tokens: 2, context: { used: 7, size: 100 }, cost_usd: 0.5 });
      }),
    );
    const sessionId = await editor.session("/tmp");
    expect(await editor.prompt(sessionId, "this")).toEqual({
      stopReason: "end_turn",
      usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7 },
    });
    const thoughts = editor.updates.filter(({ sessionUpdate }) => sessionUpdate === "agent_thought_chunk");
    expect(thoughts.map((update) => (update["content"] as { text: string }).text).join("")).toBe("hmm");
    expect(editor.updates.filter(({ sessionUpdate }) => sessionUpdate !== "agent_thought_chunk")).toMatchObject([
      { sessionUpdate: "tool_call", toolCallId: "c1", title: "read", kind: "read", status: "in_progress", rawInput: { path: "a" } },
      { sessionUpdate: "tool_call_update", toolCallId: "c1", status: "completed", rawOutput: "text of a" },
      { sessionUpdate: "plan", entries: [{ content: "go", status: "completed", priority: "medium" }] },
      { sessionUpdate: "usage_update", used: 7, size: 100, cost: { amount: 0.5, currency: "USD" } },
      { sessionUpdate: "agent_message_chunk", content: { type: "text", text: "did this" } },
    ]);
    const { runs } = await editor.manager.list();
    expect(runs).toMatchObject([{ cwd: "/tmp", prompt: "this" }]);
  });

  it("goes on with the session's thread", async () => {
    const editor = await openEditor(threaded());
    const sessionId = await editor.session();
    await editor.prompt(sessionId, "one");
    await editor.prompt(sessionId, "two");
    const queued = await Promise.all((await editor.manager.list()).runs.map(({ id }) => firstPayload(editor, id)));
    expect(queued.map(({ prompt, session_id }) => [prompt, session_id])).toEqual([
      ["two", "T-1"],
      ["one", undefined],
    ]);
  });

  it("joins texts, links and embedded texts, and refuses what is none", async () => {
    const editor = await openEditor(threaded());
    const sessionId = await editor.session();
    const prompt = [
      { type: "text" as const, text: "look at" },
      { type: "resource_link" as const, name: "a.txt", uri: "file:///a.txt" },
      { type: "resource" as const, resource: { uri: "file:///b.txt", text: "text of b" } },
    ];
    await editor.agent.request("session/prompt", { sessionId, prompt });
    expect((await editor.manager.list()).runs[0]?.prompt).toBe("look at\n[a.txt](file:///a.txt)\nfile:///b.txt:\ntext of b");
    const image = editor.agent.request("session/prompt", { sessionId, prompt: [{ type: "image", data: "", mimeType: "image/png" }] });
    await expect(image).rejects.toMatchObject({ code: -32_602 });
    await expect(editor.prompt(sessionId, " ")).rejects.toMatchObject({ code: -32_602 });
  });

  it("while a run works is input for it, and ends with its own task", async () => {
    const gate = Promise.withResolvers<void>();
    const editor = await openEditor(
      threaded(async ({ emit, input }) => {
        await gate.promise;
        const next = await input.next();
        if (!next) return "none";
        await next.delivered();
        await emit("user.message", { message_id: "u2", text: next.text, input_id: next.input_id });
        return `took ${next.text}`;
      }),
    );
    const sessionId = await editor.session();
    const first = editor.prompt(sessionId, "one");
    await until(async () => (await editor.manager.stats()).active === 1);
    const second = editor.prompt(sessionId, "two");
    await until(async () => (await editor.manager.inputs((await editor.manager.list()).runs[0]?.id ?? "")).length === 1);
    gate.resolve();
    expect(await Promise.all([first, second])).toEqual([{ stopReason: "end_turn" }, { stopReason: "end_turn" }]);
    expect((await editor.manager.list()).runs).toHaveLength(1);
  });

  it("that comes with the end of a run is the next run", async () => {
    const editor = await openEditor(threaded());
    const sessionId = await editor.session();
    const answers = await Promise.all(["one", "two", "three"].map((text) => editor.prompt(sessionId, text)));
    expect(answers.map(({ stopReason }) => stopReason)).toEqual(["end_turn", "end_turn", "end_turn"]);
  });

  it.for([
    ["output_limit", "completed", "max_tokens"],
    ["max_turns", "failed", "max_turn_requests"],
    ["refusal", "failed", "refusal"],
  ] as const)("of a run that stops by %s ends so", async ([stop_reason, status, stopReason]) => {
    const editor = await openEditor(functionExecutor(async () => ({ status, stop_reason })));
    expect(await editor.prompt(await editor.session(), "x")).toEqual({ stopReason });
  });

  it("of a run that fails is an error with its code and detail", async () => {
    const failing = functionExecutor(async () => ({
      status: "failed",
      stop_reason: "error",
      error_code: "model_error",
      error: "no model",
    }));
    const editor = await openEditor(failing);
    await expect(editor.prompt(await editor.session(), "x")).rejects.toMatchObject({
      code: -32_603,
      message: "no model",
      data: { code: "model_error", detail: "no model" },
    });
  });

  it("that no run takes is an error with the problem's code", async () => {
    const editor = await openEditor(threaded(), { profile: "no-such-profile" });
    await expect(editor.prompt(await editor.session(), "x")).rejects.toMatchObject({ data: { code: "unknown_profile" } });
  });

  it("ends cancelled when the editor cancels it", async () => {
    const editor = await openEditor(threaded(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve()))));
    const sessionId = await editor.session();
    const prompt = editor.prompt(sessionId, "x");
    await until(async () => (await editor.manager.stats()).runs["running"] === 1);
    await editor.agent.notify("session/cancel", { sessionId });
    expect(await prompt).toEqual({ stopReason: "cancelled" });
    expect((await editor.manager.list()).runs[0]?.status).toBe("canceled");
  });
});

describe("a question", () => {
  it("of a run is put to the editor and its answer is the run's", async () => {
    const editor = await openEditor(threaded(askForBash), { answer: bySelecting("allow_once") });
    await editor.prompt(await editor.session(), "x");
    expect(editor.asked).toMatchObject([
      {
        toolCall: { toolCallId: "c1", title: "Run ls?", kind: "execute", rawInput: { command: "ls" } },
        options: [
          { optionId: "allow_once", kind: "allow_once" },
          { optionId: "allow_always", kind: "allow_always" },
          { optionId: "deny", kind: "reject_once" },
        ],
      },
    ]);
    expect((await editor.manager.list()).runs[0]?.result).toBe("allow");
  });

  it("that is cancelled or denied denies", async () => {
    for (const answer of [bySelecting("deny"), () => ({ outcome: "cancelled" as const }), () => Promise.reject(new Error("lost"))]) {
      const editor = await openEditor(threaded(askForBash), { answer });
      await editor.prompt(await editor.session(), "x");
      expect((await editor.manager.list()).runs[0]?.result).toBe("deny denied");
    }
  });

  it("of a run below is the editor's too", async () => {
    const parent = threaded(async ({ start }) => {
      const child = await start({ prompt: "below", profile: "below" });
      return (await child.done()).result ?? "";
    });
    const editor = await openEditor(parent, {
      answer: bySelecting("allow_once"),
      manager: { executors: { below: threaded(askForBash) }, profiles: { below: { executor: "below" } } },
    });
    await editor.prompt(await editor.session(), "x");
    expect(editor.asked).toHaveLength(1);
    expect((await editor.manager.list()).runs.map(({ result }) => result)).toEqual(["allow", "allow"]);
  });

  it("to the user has one option each, and a text is a form", async () => {
    const asking = threaded(async ({ ask }) => {
      const options = ["red", "blue"].map((id) => ({ id, title: id.toUpperCase() }));
      const color = await ask({ kind: "choice", scope: "user_question", prompt: "Color?", options });
      const name = await ask({ kind: "text", scope: "user_question", prompt: "Name?" });
      return `${color.option_id} ${name.text}`;
    });
    const editor = await openEditor(asking, {
      answer: bySelecting("blue"),
      fill: () => ({ action: "accept", content: { answer: "Ada" } }),
      capabilities: { elicitation: { form: {} } },
    });
    await editor.prompt(await editor.session(), "x");
    expect(editor.asked[0]?.options).toEqual([
      { optionId: "red", name: "RED", kind: "allow_once" },
      { optionId: "blue", name: "BLUE", kind: "allow_once" },
    ]);
    expect((await editor.manager.list()).runs[0]?.result).toBe("blue Ada");
  });

  it("that an editor cannot show, or whose form is left, ends at once: the agent hears why, the person what was asked", async () => {
    const naming = threaded(async ({ ask }) => {
      const { outcome, reason, message = "" } = await ask({ kind: "text", scope: "user_question", prompt: "Name?" });
      return `${outcome} ${reason} ${message}`;
    });
    const without = await openEditor(naming);
    await without.prompt(await without.session(), "x");
    expect((await without.manager.list()).runs[0]?.result).toMatch(/^canceled canceled The editor shows no form/);
    const said = without.updates.map((update) => JSON.stringify(update)).filter((text) => text.includes("agent_message_chunk"));
    expect(said[0]).toMatch(/The agent asks: Name\?.*Answer with your next prompt/);
    const left = await openEditor(naming, { fill: () => ({ action: "cancel" }), capabilities: { elicitation: { form: {} } } });
    await left.prompt(await left.session(), "x");
    expect((await left.manager.list()).runs[0]?.result).toBe("canceled canceled ");
  });

  it("that somebody else answers is withdrawn from the editor", async () => {
    const withdrawn = Promise.withResolvers<never>();
    withdrawn.promise.catch(() => {});
    const editor = await openEditor(threaded(askForBash), { answer: () => withdrawn.promise });
    const prompt = editor.prompt(await editor.session(), "x");
    await until(async () => editor.asked.length === 1);
    const [question] = (await editor.manager.questions({ status: "open" })).questions;
    await editor.manager.answer(question?.run_id ?? "", question?.question_id ?? "", { option_id: "allow_once" });
    expect(await prompt).toEqual({ stopReason: "end_turn" });
    expect((await editor.manager.list()).runs[0]?.result).toBe("allow");
  });

  it("is left to others where the editor may not approve", async () => {
    const editor = await openEditor(threaded(askForBash), { approves: false, answer: bySelecting("allow_once") });
    const prompt = editor.prompt(await editor.session(), "x");
    await until(async () => (await editor.manager.questions({ status: "open" })).questions.length === 1);
    const [question] = (await editor.manager.questions({ status: "open" })).questions;
    await editor.manager.answer(question?.run_id ?? "", question?.question_id ?? "", { option_id: "deny" });
    await prompt;
    expect(editor.asked).toEqual([]);
  });
});

describe("a session", () => {
  it("says what the agent can do", async () => {
    const editor = await openEditor(threaded());
    expect(await editor.agent.request("initialize", { protocolVersion: 1 })).toMatchObject({
      protocolVersion: 1,
      agentInfo: { name: "anode" },
      agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} }, promptCapabilities: { embeddedContext: true } },
      authMethods: [],
    });
  });

  it("takes no servers of the editor's", async () => {
    const editor = await openEditor(threaded());
    const mcpServers = [{ name: "s", command: "c", args: [], env: [] }];
    await expect(editor.agent.request("session/new", { cwd: "/tmp", mcpServers })).rejects.toMatchObject({ code: -32_602 });
  });

  it("is gone on with in another process, by its id or the thread's, its past told again or not", async () => {
    const file = pairsFile();
    const editor = await openEditor(threaded(), { pairsFile: file });
    const sessionId = await editor.session();
    await editor.prompt(sessionId, "one");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual([{ id: sessionId, session_id: "T-1" }]);
    for (const id of [sessionId, "T-1"]) {
      editor.updates.length = 0;
      await editor.agent.request("session/load", { sessionId: id, cwd: "/tmp", mcpServers: [] });
      expect(editor.updates).toMatchObject([
        { sessionUpdate: "user_message_chunk", content: { text: "one" } },
        { sessionUpdate: "agent_message_chunk", content: { text: "did one" } },
      ]);
    }
    editor.updates.length = 0;
    await editor.agent.request("session/resume", { sessionId: "T-1", cwd: "/tmp", mcpServers: [] });
    expect(editor.updates).toEqual([]);
    await editor.prompt("T-1", "two");
    expect(await firstPayload(editor, (await editor.manager.list()).runs[0]?.id ?? "")).toMatchObject({ prompt: "two", session_id: "T-1" });
  });

  it("that nobody knows is not found", async () => {
    const editor = await openEditor(threaded());
    for (const method of ["session/load", "session/resume"] as const) {
      await expect(editor.agent.request(method, { sessionId: "T-none", cwd: "/tmp", mcpServers: [] })).rejects.toMatchObject({
        code: -32_002,
      });
    }
    await expect(editor.prompt("T-none", "x")).rejects.toMatchObject({ code: -32_002 });
  });

  it("has a mode, for the next prompt and never above the ceiling", async () => {
    const editor = await openEditor(threaded(), { manager: { approvalCeiling: { admin: "auto", other: "ask" } } });
    const sessionId = await editor.session();
    await editor.agent.request("session/set_mode", { sessionId, modeId: "auto" });
    await editor.prompt(sessionId, "x");
    expect((await editor.manager.list()).runs[0]?.approval_mode).toBe("auto");
    await editor.agent.request("session/set_mode", { sessionId, modeId: "unrestricted" });
    await expect(editor.prompt(sessionId, "x")).rejects.toMatchObject({ data: { code: "above_ceiling" } });
    await expect(editor.agent.request("session/set_mode", { sessionId, modeId: "yolo" })).rejects.toMatchObject({ code: -32_602 });
  });

  it("ends its run when the editor goes", async () => {
    const editor = await openEditor(threaded(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve()))));
    void editor.prompt(await editor.session(), "x").catch(() => {});
    await until(async () => (await editor.manager.stats()).runs["running"] === 1);
    await editor.leave();
    expect((await editor.manager.list()).runs[0]?.status).toBe("canceled");
  });
});

async function firstPayload(editor: Awaited<ReturnType<typeof openEditor>>, id: string): Promise<Record<string, unknown>> {
  for await (const event of editor.manager.attach(id, { follow: false })) return event.payload as Record<string, unknown>;
  return {};
}
