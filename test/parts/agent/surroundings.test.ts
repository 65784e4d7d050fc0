import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createAgentExecutorOn } from "../../../lib/agent/executor-on-ground.js";
import { createAiSdk } from "../../../lib/agent/ai-sdk.js";
import type { AgentConfig } from "../../../lib/agent/index.js";
import type { Toolset, ToolsetOptions } from "../../../lib/agent/toolset.js";
import { openPlainToolset } from "../../support/plain-toolset.js";
import { agentBench, temporaryFolder, tool } from "../../support/agent.js";
import { eventsOf, openManager } from "../../support/manager.js";
import { answer, call, finish, say, scriptedModel, type ScriptedModel, streamOf, think, type Turn } from "../../support/scripted-model.js";

type Hook = Toolset["hook"];

/** Runs one prompt with hooks and guidance of the test's. */
async function surrounded(
  model: ScriptedModel,
  parts: { hook?: Hook; guidance?: Toolset["guidance"]; config?: AgentConfig },
  request: object = {},
) {
  const seen: [event: string, fields: object][] = [];
  let closed = 0;
  const folder = temporaryFolder();
  const ground = {
    sdk: createAiSdk(),
    openToolset: async (options: ToolsetOptions): Promise<Toolset> => ({
      ...(await openPlainToolset(options)),
      ...(parts.guidance && { guidance: parts.guidance }),
      hook: async (event, fields) => {
        seen.push([event, fields]);
        return parts.hook ? parts.hook(event, fields) : {};
      },
      close: async () => void (closed += 1),
    }),
  };
  const executor = createAgentExecutorOn(ground, {
    home: folder,
    cwd: folder,
    env: {},
    models: () => model,
    tools: [tool("read", "auto_read")],
    ...(parts.config && { config: parts.config }),
  });
  const manager = await openManager(executor);
  const { id } = await manager.start({ prompt: "go", ...request });
  const record = await manager.wait(id);
  return { record, events: await eventsOf(manager, id), seen, closed: () => closed };
}

describe("The hooks of a run", () => {
  const twoSteps = () => scriptedModel([call("read", { path: "a" }), finish("tool-calls")], answer("Done"));

  it("are called around session, prompt and tool, and the toolset is closed once", async () => {
    const { seen, closed } = await surrounded(twoSteps(), {});
    expect(seen).toEqual([
      ["SessionStart", {}],
      ["UserPromptSubmit", { prompt: "go" }],
      ["PostToolUse", { tool_name: "read", tool_args: { path: "a" }, ok: true, output: "did read" }],
      ["SessionEnd", { status: "completed" }],
    ]);
    expect(closed()).toBe(1);
  });

  it("end the run when they reject the prompt, before the model is asked", async () => {
    const model = twoSteps();
    const { record, closed } = await surrounded(model, {
      hook: async (event) => (event === "UserPromptSubmit" ? { reject: "not here" } : {}),
    });
    expect([record.status, record.error_code, record.error]).toEqual(["failed", "prompt_rejected", "A hook rejected the prompt: not here"]);
    expect([model.calls.length, closed()]).toEqual([0, 1]);
  });

  it("add their context to the prompt, and what they reject to the tool's result", async () => {
    const model = twoSteps();
    const hook: Hook = async (event) =>
      event === "UserPromptSubmit" ? { context: "It is Monday." } : event === "PostToolUse" ? { reject: "unformatted" } : {};
    await surrounded(model, { hook });
    expect(model.calls[0]?.prompt.at(-1)).toMatchObject({ role: "user", content: [{ text: "go\n\nIt is Monday." }] });
    expect(model.calls[1]?.prompt.at(-1)).toMatchObject({ content: [{ output: { value: "did read\n\nunformatted" } }] });
  });

  it("can keep a compaction from happening", async () => {
    const model = scriptedModel(
      [...say("x".repeat(900)), call("read", {}, "c1"), finish("tool-calls", { input: 900 })],
      [call("read", {}, "c2"), finish("tool-calls", { input: 900 })],
      answer("Done"),
    );
    const hook: Hook = async (event) => (event === "PreCompact" ? { reject: "later" } : {});
    const { record, events, seen } = await surrounded(model, { hook, config: { context: { window: 1000, compaction: { keepTurns: 1 } } } });
    expect([record.status, events.some(({ type }) => type === "context.compacted")]).toEqual(["completed", false]);
    expect(seen.filter(([event]) => event === "PreCompact")).not.toEqual([]);
  });

  it("put an input back that they reject", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const folder = temporaryFolder();
    const model = scriptedModel(answer("One"));
    const ground = {
      sdk: createAiSdk(),
      openToolset: async (options: ToolsetOptions): Promise<Toolset> => ({
        ...(await openPlainToolset(options)),
        hook: async (event, { prompt }) => {
          if (event !== "UserPromptSubmit" || prompt !== "go") return prompt === "bad" ? { reject: "no" } : {};
          await promise;
          return {};
        },
      }),
    };
    const manager = await openManager(createAgentExecutorOn(ground, { home: folder, cwd: folder, env: {}, models: () => model }));
    const { id } = await manager.start({ prompt: "go" });
    await manager.input(id, { text: "bad" });
    resolve();
    expect((await manager.wait(id)).error_code).toBe("prompt_rejected");
    const types = (await eventsOf(manager, id)).map(({ type }) => type);
    expect([types.includes("input.delivered"), types.includes("input.dropped")]).toEqual([false, true]);
  });
});

describe("The instructions", () => {
  it("are the prompt of the profile's kind, then the guidance as it is at each step", async () => {
    let step = 0;
    const model = scriptedModel([call("read", {}), finish("tool-calls")], answer("Done"));
    await surrounded(model, { guidance: async () => `# AGENTS.md ${(step += 1)}` });
    const [first, second] = model.calls.map(({ prompt }) => prompt[0]);
    expect(first).toMatchObject({ role: "system", content: expect.stringMatching(/^You are a coding agent[^]*# AGENTS\.md 1$/) });
    expect(second).toMatchObject({ role: "system", content: expect.stringMatching(/# AGENTS\.md 2$/) });
  });

  it("are a profile's own where it has some", async () => {
    const model = scriptedModel(answer("Done"));
    await surrounded(model, { config: { profiles: { craft: { systemPrompt: "Be brief.", appendPrompt: "Really." } } } });
    expect(model.calls[0]?.prompt[0]).toMatchObject({ role: "system", content: "Be brief.\n\nReally." });
  });

  it("come with the effort of the profile", async () => {
    const model = scriptedModel(answer("Done"));
    await surrounded(model, {});
    expect(model.calls[0]?.reasoning).toBe("medium");
  });
});

describe("What a provider alone understands", () => {
  const signed = (): Turn => [
    ...think("hm").map((part) => (part.type === "reasoning-end" ? { ...part, providerMetadata: { own: { signature: "s1" } } } : part)),
    { ...call("read", {}), providerMetadata: { own: { id: "p1" } } } as ReturnType<typeof call>,
    finish("tool-calls"),
  ];

  it("goes back to it at the next step and after a resume, and to no other", async () => {
    const folder = temporaryFolder();
    const options = { home: folder, cwd: folder, tools: [tool("read", "auto_read")] };
    const model = scriptedModel(signed(), answer("One"), answer("Two"));
    const { run } = await agentBench({ ...options, model });
    const { record } = await run({ prompt: "go" });
    const session_id = record.session_id as string;
    await run({ prompt: "more", session_id });
    const own = {
      role: "assistant",
      content: [
        { type: "reasoning", providerOptions: { own: { signature: "s1" } } },
        { type: "tool-call", providerOptions: { own: { id: "p1" } } },
      ],
    };
    expect(model.calls[1]?.prompt[2]).toMatchObject(own);
    expect(model.calls[2]?.prompt[2]).toMatchObject(own);
    const other = { ...scriptedModel(answer("Three")), provider: "other" };
    const bench = await agentBench({ ...options, model: other });
    await bench.run({ prompt: "again", session_id });
    expect(other.calls[0]?.prompt[2]?.content).toEqual([
      { type: "tool-call", toolCallId: "c_read", toolName: "read", input: {}, providerOptions: undefined },
    ]);
  });
});

describe("A run's thread", () => {
  const linesOf = (folder: string): { t: string; role?: string; status?: string }[] => {
    const [workspace = ""] = readdirSync(join(folder, "home/sessions"));
    const file = readdirSync(join(folder, "home/sessions", workspace)).find((name) => name.endsWith(".jsonl")) ?? "";
    const text = readFileSync(join(folder, "home/sessions", workspace, file), "utf8");
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { t: string });
  };

  it("has the whole turns and how the run ended", async () => {
    const { run, folder } = await agentBench({
      model: scriptedModel([call("read", {}), finish("tool-calls")], answer("Done")),
      tools: [tool("read", "auto_read")],
    });
    const { record, of } = await run({ prompt: "go" });
    expect(linesOf(folder).map(({ t, role }) => role ?? t)).toEqual(["thread", "user", "assistant", "tool", "assistant", "run"]);
    expect([of("session.saved"), of("system.init")[0]?.["session_id"]]).toEqual([[{ session_id: record.session_id }], record.session_id]);
  });

  const cut: Turn = [...say("Half"), { type: "error", error: new Error("gone") }];
  it.each<[string, readonly Turn[]]>([
    ["a broken connection", [() => streamOf(say("Half").slice(0, 2), new Error("gone"))]],
    ["errors of the stream", [cut, cut]],
    ["an unfinished answer", [[...say("Half"), finish("interrupted")]]],
  ])("keeps the prompt of a run that failed by %s, but no half turn", async (_how, turns) => {
    const model = scriptedModel(...turns);
    const { run, folder } = await agentBench({ model });
    await run({ prompt: "go" });
    expect(linesOf(folder).map(({ t, role, status }) => status ?? role ?? t)).toEqual(["thread", "user", "failed"]);
  });

  it("says canceled of a run that was canceled", async () => {
    const model = scriptedModel(() => streamOf(say("Half").slice(0, 2), "hang"));
    const { manager, start, told, seen, folder } = await agentBench({ model });
    const id = await start({ prompt: "go" });
    await seen(id, ({ type }) => type === "turn.started");
    await manager.cancel(id);
    await told(id);
    expect(linesOf(folder).at(-1)).toMatchObject({ t: "run", status: "canceled" });
  });

  it("is in memory only when nothing is to be saved", async () => {
    const { run, folder } = await agentBench({ model: scriptedModel(answer("Done")), config: { session: { autoSave: false } } });
    const { record, types } = await run({ prompt: "go" });
    expect([record.session_id, types.includes("session.saved")]).toEqual([undefined, false]);
    expect(() => readdirSync(join(folder, "home/sessions"))).toThrow();
  });

  it("refuses a second run while the first is on it", async () => {
    const model = scriptedModel(answer("One"), () => streamOf([], "hang"));
    const { manager, run, start, seen, told } = await agentBench({ model });
    const { record } = await run({ prompt: "one" });
    const session_id = record.session_id as string;
    const id = await start({ prompt: "two", session_id });
    await seen(id, ({ type }) => type === "user.message");
    await expect(manager.start({ prompt: "three", session_id })).rejects.toMatchObject({ code: "session_busy", details: { run_id: id } });
    await manager.cancel(id);
    await told(id);
  });

  it("fails a run that finds it locked by another process's run", async () => {
    const folder = temporaryFolder();
    const first = await agentBench({ home: folder, cwd: folder, model: scriptedModel(answer("One"), () => streamOf([], "hang")) });
    const { record } = await first.run({ prompt: "one" });
    const session_id = record.session_id as string;
    const id = await first.start({ prompt: "two", session_id });
    await first.seen(id, ({ type }) => type === "user.message");
    const second = await agentBench({ home: folder, cwd: folder, model: scriptedModel(answer("Never")) });
    expect((await second.run({ prompt: "three", session_id })).record).toMatchObject({ status: "failed", error_code: "session_busy" });
    await first.manager.cancel(id);
    await first.told(id);
  });
});

describe("A warning of the SDK", () => {
  it("becomes one notice, however often it comes", async () => {
    const warnings = [{ type: "unsupported" as const, feature: "reasoning", details: "not for this model" }];
    const turn = (parts: readonly Parameters<typeof streamOf>[0][number][]) => [{ type: "stream-start" as const, warnings }, ...parts];
    const model = scriptedModel(turn([call("read", {}), finish("tool-calls")]), turn(answer("Done")));
    const { run } = await agentBench({ model, tools: [tool("read", "auto_read")] });
    expect((await run({ prompt: "go" })).of("system.notice")).toEqual([
      { level: "warning", code: "model_warning", text: "reasoning: not for this model" },
    ]);
  });
});
