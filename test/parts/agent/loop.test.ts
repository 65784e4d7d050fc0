import { describe, expect, it } from "vitest";
import type { Answer } from "../../../lib/questions/schema.js";
import { agentBench, plainAgent, temporaryFolder, tool } from "../../support/agent.js";
import { createFakeRun } from "../../support/run-context.js";
import { answer, call, finish, say, type ScriptedModel, scriptedModel, streamOf, think } from "../../support/scripted-model.js";

const quiet = new Set(["run.queued", "run.started", "system.init", "usage.updated", "session.saved"]);

describe("A run of the built-in agent", () => {
  it("tells a turn of reasoning, text and a tool in order, and ends with the last text", async () => {
    const bash = tool("bash", "confirm_execute");
    const model = scriptedModel(
      [...think("hm"), ...say("Hel", "lo"), call("bash", { command: "ls" }), finish("tool-calls")],
      answer("Bye"),
    );
    const { run } = await agentBench({ model, tools: [bash] });
    const { record, events, of } = await run({ prompt: "look", approval_mode: "unrestricted" });
    expect(
      events.filter(({ type }) => !quiet.has(type)).map(({ type, payload }) => [type, payload["text"] ?? payload["name"] ?? ""]),
    ).toEqual([
      ["user.message", "look"],
      ["turn.started", ""],
      ["reasoning.message", "hm"],
      ["assistant.message", "Hello"],
      ["tool.call", "bash"],
      ["tool.result", "bash"],
      ["turn.completed", ""],
      ["turn.started", ""],
      ["assistant.message", "Bye"],
      ["turn.completed", ""],
      ["run.completed", ""],
    ]);
    expect(record).toMatchObject({
      status: "completed",
      stop_reason: "end_turn",
      result: "Bye",
      num_turns: 2,
      usage: { input_tokens: 20, output_tokens: 4 },
    });
    expect(of("tool.result")).toMatchObject([{ call_id: "c_bash", ok: true, output: "did bash" }]);
    expect(bash.calls).toEqual([{ command: "ls" }]);
    expect(model.calls[1]?.prompt.at(-1)).toMatchObject({ role: "tool", content: [{ output: { type: "text", value: "did bash" } }] });
  });

  it.each([
    ["length", "completed", "output_limit", undefined],
    ["content-filter", "failed", "refusal", "refusal"],
    ["other", "failed", "error", "model_error"],
    ["interrupted", "failed", "error", "model_error"],
  ] as const)("ends at finish reason %s as %s with %s", async (reason, status, stop_reason, error_code) => {
    const { run } = await agentBench({ model: scriptedModel([...say("so far"), finish(reason)]) });
    const { record } = await run({ prompt: "x" });
    expect([record.status, record.stop_reason, record.error_code, record.result]).toEqual([status, stop_reason, error_code, "so far"]);
  });

  it("fails at its turn limit, after the tools of the last turn have run", async () => {
    const read = tool("read", "auto_read");
    const turns = [1, 2, 3].map((turn) => [call("read", { path: "a" }, `c${turn}`), finish("tool-calls")]);
    const { run } = await agentBench({ model: scriptedModel(...turns), tools: [read] });
    const { record } = await run({ prompt: "x", max_turns: 2 });
    expect([record.status, record.stop_reason, record.error_code, record.num_turns]).toEqual(["failed", "max_turns", "max_turns", 2]);
    expect(read.calls).toHaveLength(2);
  });

  it("shows what an announced call became when nobody allowed it", async () => {
    const write = tool("create_file", "confirm_write");
    const model = scriptedModel([call("create_file", { path: "a" }), finish("tool-calls")], answer("Then not."));
    const { run } = await agentBench({ model, tools: [write] }, { onQuestion: () => ({ option_id: "deny", message: "not today" }) });
    const { record, of } = await run({ prompt: "x" });
    expect([record.status, write.calls]).toEqual(["completed", []]);
    expect(of("tool.result")).toMatchObject([{ name: "create_file", ok: false, denied: true, deny_reason: "not today" }]);
    const { call_id } = of("tool.call")[0] as { readonly call_id: string };
    expect(of("run.completed")).toMatchObject([{ permission_denials: [{ call_id, tool: "create_file", reason: "not today" }] }]);
    expect(model.calls[1]?.prompt.at(-1)).toMatchObject({
      role: "tool",
      content: [{ output: { type: "error-text", value: "error: denied: not today" } }],
    });
  });

  it("answers unknown tools and wrong arguments with errors, and gives up after three in a row", async () => {
    const read = tool("read", "auto_read");
    const model = scriptedModel(
      [call("nothing", {}, "c1"), finish("tool-calls")],
      [call("read", { path: "a" }, "c2"), finish("tool-calls")],
      [call("read", { paht: "a" }, "c3"), finish("tool-calls")],
      [call("read", "{", "c4"), finish("tool-calls")],
      [call("read", { path: 1 }, "c5"), finish("tool-calls")],
    );
    const { run } = await agentBench({ model, tools: [read] });
    const { record, of } = await run({ prompt: "x" });
    expect([record.status, record.error_code]).toEqual(["failed", "invalid_tool_calls"]);
    expect(of("tool.call").map(({ invalid }) => invalid)).toEqual([true, undefined, true, true, true]);
    expect(of("tool.result").map(({ output }) => output)).toEqual([
      "error: unknown_tool: there is no tool nothing",
      "did read",
      'error: invalid_arguments: arguments: Unrecognized key: "paht"',
      "error: invalid_arguments: the arguments are not one JSON object",
      "error: invalid_arguments: path: Invalid input: expected string, received number",
    ]);
    expect(model.calls[1]?.prompt.at(-1)).toMatchObject({
      content: [{ output: { type: "error-text", value: "error: unknown_tool: there is no tool nothing" } }],
    });
    expect(read.calls).toHaveLength(1);
  });

  it("gives a steer to the model at the next step and says so when that call begins", async () => {
    const { promise: mayAnswer, resolve: goOn } = Promise.withResolvers<void>();
    const wait = tool("wait", "auto_read", async () => {
      await mayAnswer;
      return { ok: true, text: "waited" };
    });
    const model = scriptedModel([call("wait", {}), finish("tool-calls")], answer("Done"));
    const { manager, start, told, seen } = await agentBench({ model, tools: [wait] });
    const id = await start({ prompt: "x", tools: ["wait"] });
    await seen(id, ({ type }) => type === "tool.call");
    await manager.input(id, { text: "left, not right", delivery: "steer" });
    goOn();
    const { types, of } = await told(id);
    expect(model.calls[1]?.prompt.at(-1)).toMatchObject({ role: "user", content: [{ text: "left, not right" }] });
    expect(of("user.message").at(-1)).toMatchObject({ text: "left, not right", input_id: "I-1" });
    expect(types.indexOf("input.delivered")).toBeLessThan(types.lastIndexOf("turn.started"));
  });

  it("works on queued input as further tasks, each with turns of its own, and closes when there is none", async () => {
    const read = tool("read", "auto_read");
    const step = (turn: number) => [call("read", {}, `c${turn}`), finish("tool-calls")];
    const model = scriptedModel(step(1), answer("First"), step(2), answer("Second"));
    const { manager, start, told } = await agentBench({ model, tools: [read] });
    const id = await start({ prompt: "one", max_turns: 2 });
    await manager.input(id, { text: "two" });
    const { record, of } = await told(id);
    expect([record.status, record.result, record.num_turns]).toEqual(["completed", "Second", 4]);
    expect(of("input.completed")).toEqual([{ input_id: "I-1", result: "Second" }]);
    expect(of("user.message").map(({ text }) => text)).toEqual(["one", "two"]);
  });

  it("waits for more with keep_open, and a cancel ends it there", async () => {
    const model = scriptedModel(answer("First"), answer("Second"));
    const { manager, start, told, seen } = await agentBench({ model });
    const id = await start({ prompt: "one", keep_open: true });
    await seen(id, ({ type }) => type === "run.idle");
    await manager.input(id, { text: "two" });
    await seen(id, ({ type }) => type === "input.completed");
    await manager.cancel(id);
    const { record, events } = await told(id);
    expect([record.status, record.result]).toEqual(["canceled", "Second"]);
    expect(events.at(-1)?.payload["forced"]).toBeUndefined();
  });

  it("ends after an abort only when its tool has, and tells what became of the call", async () => {
    const { promise: isRunning, resolve: started } = Promise.withResolvers<void>();
    let hasSettled = false;
    const slow = tool("slow", "auto_read", async (_args, { signal }) => {
      const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
      started();
      await aborted;
      for (let turn = 0; turn < 20; turn++) await new Promise((later) => setImmediate(later));
      hasSettled = true;
      throw new Error("aborted");
    });
    const { manager, start, told } = await agentBench({ model: scriptedModel([call("slow", {}), finish("tool-calls")]), tools: [slow] });
    const id = await start({ prompt: "x" });
    await isRunning;
    await manager.cancel(id);
    const { record, events, of } = await told(id);
    expect([record.status, hasSettled, events.at(-1)?.payload["forced"]]).toEqual(["canceled", true, undefined]);
    expect(of("tool.result")).toMatchObject([{ name: "slow", ok: false, error: "canceled" }]);
  });

  it("runs no tool whose approval comes after the abort", async () => {
    const bash = tool("bash", "confirm_execute");
    const folder = temporaryFolder();
    const model = scriptedModel([call("bash", {}), finish("tool-calls")]);
    const executor = plainAgent({ home: folder, cwd: folder, env: {}, models: () => model, tools: [bash] });
    const run = createFakeRun({ prompt: "x", profile: "craft" });
    const ask = async (): Promise<Answer> => {
      run.abort();
      return { outcome: "answered", decision: "allow", option_id: "allow_once" };
    };
    await executor.execute({ ...run.context, ask });
    expect(bash.calls).toEqual([]);
    expect(run.of("tool.result")).toMatchObject([{ payload: { ok: false, denied: true, deny_reason: "canceled" } }]);
  });

  it("asks for parallel calls one after the other and runs what was allowed", async () => {
    const [bash, write] = [tool("bash", "confirm_execute"), tool("create_file", "confirm_write")];
    const model = scriptedModel([call("bash", {}), call("create_file", {}), finish("tool-calls")], answer("Done"));
    const { run } = await agentBench(
      { model, tools: [bash, write] },
      { onQuestion: ({ tool: asked }) => ({ option_id: asked?.name === "bash" ? "allow_once" : "deny" }) },
    );
    const { of } = await run({ prompt: "x" });
    expect(of("tool.result").map(({ name, ok, denied }) => [name, ok, denied])).toEqual([
      ["create_file", false, true],
      ["bash", true, undefined],
    ]);
    expect([bash.calls.length, write.calls.length]).toEqual([1, 0]);
  });

  it("shows growing text as previews of the message that follows", async () => {
    const model = scriptedModel(() => streamOf([...say("Hel", "lo").slice(0, 3)], "hang"));
    const { manager, start, told } = await agentBench({ model });
    const id = await start({ prompt: "x" });
    let shown = "";
    for await (const event of manager.attach(id, { previews: true })) {
      if (event.type !== "assistant.delta") continue;
      const { message_id, offset, text } = event.payload as { message_id: string; offset: number; text: string };
      expect(message_id).toBe("m1_1");
      shown = shown.slice(0, offset) + text;
      if (shown === "Hello") break;
    }
    await manager.cancel(id);
    expect((await told(id)).of("assistant.message")).toEqual([]);
  });

  it("ends with the budget of its tokens when the turn that crosses it has been told", async () => {
    const read = tool("read", "auto_read");
    const turns = [1, 2, 3].map((turn) => [call("read", {}, `c${turn}`), finish("tool-calls", { input: 40, output: 10 })]);
    const { run } = await agentBench({ model: scriptedModel(...turns), tools: [read] });
    const { record, of } = await run({ prompt: "x", budget: { tokens: 100 } });
    expect([record.status, record.stop_reason, record.num_turns]).toEqual(["failed", "budget_tokens", 2]);
    expect([of("budget.warning").length, record.usage?.input_tokens]).toEqual([1, 80]);
  });

  it("starts children through the context of its tools, whose use counts against its own budget", async () => {
    const child = tool("task", "delegated", async (_args, { context }) => {
      const { status, result } = await (await context.start({ prompt: "small", profile: "quick", model: "own/small" })).done();
      return { ok: true, text: `${status}: ${result}` };
    });
    const models = (reference: string): ScriptedModel =>
      reference === "own/small"
        ? scriptedModel([...say("Small"), finish("stop", { input: 1000, output: 1 })])
        : scriptedModel([call("task", {}), finish("tool-calls")], answer("Big"));
    const { run } = await agentBench({ models, tools: [child] }, { profiles: { quick: { executor: "main" } } });
    const { record, of } = await run({ prompt: "x", model: "own/big" });
    expect([record.result, of("tool.result")[0]?.["output"]]).toEqual(["Big", "completed: Small"]);
    expect(of("run.child_ended")).toMatchObject([{ status: "completed" }]);
    const bounded = await run({ prompt: "x", model: "own/big", budget: { tokens: 500 } });
    expect([bounded.record.status, bounded.record.stop_reason]).toEqual(["failed", "budget_tokens"]);
  });
});
