import { describe, expect, it } from "vitest";
import { createAgentExecutorOn } from "../../../lib/agent/executor-on-ground.js";
import { createAiSdk, type Importers } from "../../../lib/agent/ai-sdk.js";
import { agentProfiles, toAgentProfile } from "../../../lib/agent/profiles.js";
import { openPlainToolset } from "../../support/plain-toolset.js";
import type { AgentExecutorOptions } from "../../../lib/agent/index.js";
import { intersectTools } from "../../../lib/tool-names.js";
import { temporaryFolder } from "../../support/agent.js";
import { openManager } from "../../support/manager.js";

const env = { OPENAI_API_KEY: "k" };

/** A manager with the profiles of the configuration, as the daemon has it. */
async function managed(options: AgentExecutorOptions, imports: Partial<Importers> = {}) {
  const folder = temporaryFolder();
  const ground = { sdk: createAiSdk(imports), openToolset: openPlainToolset };
  const executor = createAgentExecutorOn(ground, { home: folder, cwd: folder, env, ...options });
  const profiles = agentProfiles(options.config?.profiles as Parameters<typeof agentProfiles>[0]);
  return openManager(executor, { executors: { agent: executor }, profiles });
}

const isMissing = (): Promise<never> => Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));

describe("prepare of the built-in agent", () => {
  it.each<[string, object, string, object]>([
    ["an unknown profile", { profile: "nope" }, "unknown_profile", {}],
    ["an unknown provider", { model: "nobody/x" }, "unknown_provider", {}],
    [
      "a provider without key",
      { model: "anthropic/x" },
      "model_unavailable",
      { details: { hint: expect.stringContaining("ANTHROPIC_API_KEY") } },
    ],
    ["an unknown thread", { session_id: "T-0199c7fe-a000-7000-8000-000000000000" }, "session_not_found", { status: 422 }],
    ["a budget of cost without a price", { budget: { cost_usd: 1 } }, "budget_unsupported", { details: { budget: "cost_usd" } }],
  ])("refuses %s by name, and nothing is stored", async (_what, request, code, more) => {
    const manager = await managed({});
    await expect(manager.start({ prompt: "x", model: "openai/gpt-5.5", ...request })).rejects.toMatchObject({ code, ...more });
    expect((await manager.list()).runs).toEqual([]);
  });

  it.each([
    ["ai", "npm install ai@^7"],
    ["@ai-sdk/openai", "npm install @ai-sdk/openai@^4"],
  ] as const)("names the missing package %s with its install line, after everything else", async (name, hint) => {
    const manager = await managed({}, { [name]: isMissing });
    await expect(manager.start({ prompt: "x", model: "openai/x" })).rejects.toMatchObject({
      code: "executor_unavailable",
      details: { package: name, hint },
    });
    await expect(manager.start({ prompt: "x", model: "nobody/x" })).rejects.toMatchObject({ code: "unknown_provider" });
  });

  it("lets a failure inside a package through as it is", async () => {
    const manager = await managed({}, { ai: () => Promise.reject(new Error("broken")) });
    await expect(manager.start({ prompt: "x", model: "openai/x" })).rejects.toThrow("broken");
  });

  it("takes a budget of cost for a model with a price", async () => {
    const models = [{ id: "x", price: { input: 1, output: 1 } }];
    const manager = await managed({ config: { providers: { openai: { baseURL: "http://127.0.0.1:1", maxRetries: 0, models } } } });
    const { id } = await manager.start({ prompt: "x", model: "openai/x", budget: { cost_usd: 1 } });
    expect((await manager.wait(id)).error_code).toBe("model_error");
  });

  it.each([
    [{}, { profile: "craft", max_turns: 20 }],
    [{ profile: "deep" }, { profile: "study", max_turns: 40 }],
    [{ profile: "search" }, { profile: "find", max_turns: 8 }],
    [{ profile: "mine" }, { profile: "mine", max_turns: 3, model: "openai/mine", tools: ["read", "mcp__x__*"] }],
    [
      { profile: "mine", max_turns: 5, model: "openai/y", tools: ["read", "bash", "mcp__*"] },
      { max_turns: 5, model: "openai/y", tools: ["read", "mcp__x__*"] },
    ],
    [{ profile: "quick" }, { profile: "quick", max_turns: 99, approval_mode: "auto" }],
  ])("makes of %o a request with %o", async (request, expected) => {
    const mine = { tools: ["read", "mcp__x__*"], maxTurns: 3, model: "openai/mine" };
    const config = {
      model: "openai/gpt-5.5",
      profiles: { mine, quick: { maxTurns: 99, approvalMode: "auto" as const } },
      providers: { openai: { baseURL: "http://127.0.0.1:1", maxRetries: 0 } },
    };
    const manager = await managed({ config });
    const { id } = await manager.start({ prompt: "x", ...request });
    expect(await manager.get(id)).toMatchObject(expected);
    await manager.wait(id);
  });

  it.each([
    ["craft", undefined, undefined],
    ["study", undefined, undefined],
    ["craft", ["read", "mcp__*"], ["read", "mcp__*"]],
    ["find", undefined, ["read", "multi_read", "finder", "glob", "grep", "web_search", "todo_read"]],
    ["find", ["gr?p", "bash"], ["grep"]],
  ])("bounds the tools of %s, asked for %j, to %j: those of its children too", async (profile, tools, expected) => {
    const manager = await managed({
      config: { model: "openai/x", providers: { openai: { baseURL: "http://127.0.0.1:1", maxRetries: 0 } } },
    });
    const { id } = await manager.start({ prompt: "x", profile, ...(tools && { tools }) });
    expect((await manager.get(id)).tools).toEqual(expected);
    await manager.wait(id);
  });
});

describe("agentProfiles", () => {
  it("keeps what is built in under what the configuration says", () => {
    const profiles = agentProfiles({ study: { maxTurns: 5 }, mine: { aliases: ["m"] } });
    expect(profiles["study"]).toEqual({ aliases: ["deep"], max_turns: 5, maxTurns: 5 });
    expect(profiles["claude"]).toEqual({ executor: { kind: "acp", agent: "claude" } });
    expect(profiles["mine"]).toEqual({ aliases: ["m"] });
  });
});

describe("toAgentProfile", () => {
  it("reads every setting", () => {
    const settings = {
      promptKind: "review",
      systemPrompt: "s",
      appendPrompt: "a",
      tools: ["read"],
      readOnly: true,
      maxTurns: 7,
      defaultEffort: 5,
      model: "m/x",
      approvalMode: "auto",
    };
    expect(toAgentProfile("mine", settings)).toEqual({
      name: "mine",
      kind: "review",
      systemPrompt: "s",
      appendPrompt: "a",
      tools: ["read"],
      readOnly: true,
      maxTurns: 7,
      effort: 5,
      model: "m/x",
      approvalMode: "auto",
    });
  });

  it.each([
    ["craft", "chat", false, 20, 3],
    ["quick", "quick", false, 10, 2],
    ["study", "study", false, 40, 4],
    ["review", "review", true, 12, 3],
    ["oracle", "oracle", true, 8, 4],
    ["find", "find", true, 8, 2],
    ["aggman", "aggman", true, 6, 2],
  ])("knows %s as kind %s, read-only %s, %i turns, effort %i", (name, kind, readOnly, maxTurns, effort) => {
    expect(toAgentProfile(name)).toMatchObject({ name, kind, readOnly, maxTurns, effort });
  });
});

describe("intersectTools", () => {
  it.each([
    [["read", "bash"], ["bash", "grep"], ["bash"]],
    [["mcp__*"], ["mcp__git__log", "read"], ["mcp__git__log"]],
    [["mcp__git__*"], ["mcp__*"], ["mcp__git__*"]],
    [["re?d"], ["read", "reed", "road"], ["read", "reed"]],
    [["a.c"], ["abc"], []],
    [["*"], ["read", "tb__*"], ["read", "tb__*"]],
  ])("of %j and %j is %j", (some, others, expected) => {
    expect(intersectTools(some, others).sort()).toEqual(expected);
    expect(intersectTools(others, some).sort()).toEqual(expected);
  });
});
