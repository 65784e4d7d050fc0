import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openAcpBench, scriptedDefinition } from "../../support/acp.js";
import { type AgentTraits, scriptedAgent } from "../../support/acp-agent.js";

function sessions(): string {
  const folder = mkdtempSync(join(tmpdir(), "anode-acp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A bench over an agent that notes what it hears. */
async function open(traits: AgentTraits = {}, agents: Record<string, unknown> = {}) {
  const heard: [method: string, params: Record<string, unknown>][] = [];
  const connect = () => scriptedAgent({ ...traits, heard: (method, params) => heard.push([method, params as Record<string, unknown>]) });
  const bench = await openAcpBench({ connect, agents: { scripted: scriptedDefinition, ...agents } });
  return { bench, heard, methods: () => heard.map(([method]) => method) };
}

describe("a run with an agent", () => {
  it("tells the agent's start, the prompt, what it says and its end", async () => {
    const { bench, methods } = await open();
    const { record, events } = await bench.run({ prompt: "#script think it over | say Hello there" });
    expect(events.map(({ type }) => type)).toEqual([
      "run.queued",
      "run.started",
      "system.init",
      "user.message",
      "reasoning.message",
      "assistant.message",
      "usage.updated",
      "run.completed",
    ]);
    expect(record).toMatchObject({ status: "completed", stop_reason: "end_turn", result: "Hello there", executor: "acp" });
    expect(methods()).toEqual(["initialize", "session/new", "session/prompt", "session/close"]);
  });

  it("says what it is: profile, agent, mode, folder, session", async () => {
    const { bench } = await open();
    const { record, of } = await bench.run({ prompt: "hi", cwd: "/tmp", approval_mode: "auto" });
    expect(of("system.init")[0]?.payload).toEqual({
      profile_name: "craft",
      active_model: "small",
      web_enabled: false,
      tools: [],
      permission: { context: "embedded", approval_mode: "auto" },
      cwd: "/tmp",
      executor: "acp",
      session_id: record.session_id,
      agent: { name: "scripted", version: "1.0.0" },
    });
  });

  it("offers the agent neither files nor terminals, but forms", async () => {
    const { bench, heard } = await open();
    await bench.run({ prompt: "hi" });
    expect(heard[0]?.[1]).toMatchObject({
      protocolVersion: 1,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false, elicitation: { form: {} } },
    });
  });
});

describe("mode and model", () => {
  const readOnly = { profiles: { craft: { executor: { kind: "acp", agent: "scripted" }, readOnly: true } } };

  it("are left as they are when the agent has them already", async () => {
    const { bench, methods } = await open();
    await bench.run({ prompt: "hi", model: "small" });
    expect(methods()).toEqual(["initialize", "session/new", "session/prompt", "session/close"]);
  });

  it("are set before the first prompt", async () => {
    const { bench, heard } = await open({}, { scripted: { ...scriptedDefinition, approval: { ask: "plan" } } });
    const { record, of } = await bench.run({ prompt: "hi", model: "large" });
    expect(heard.slice(2, 4)).toEqual([
      ["session/set_mode", { sessionId: record.session_id, modeId: "plan" }],
      ["session/set_config_option", { sessionId: record.session_id, configId: "model", value: "large" }],
    ]);
    expect(record.model).toBe("large");
    expect(of("system.init")[0]?.payload).toMatchObject({ active_model: "large" });
  });

  it("is an option where modes are only offered so", async () => {
    const { bench, heard } = await open({ asConfigOption: true }, { scripted: { ...scriptedDefinition, approval: { ask: "plan" } } });
    const { record } = await bench.run({ prompt: "hi" });
    expect(heard[2]).toEqual(["session/set_config_option", { sessionId: record.session_id, configId: "mode", value: "plan" }]);
  });

  it("is the read-only one for a read-only profile", async () => {
    const heard: unknown[] = [];
    const connect = () => scriptedAgent({ heard: (method, params) => heard.push([method, params]) });
    const bench = await openAcpBench({ connect }, readOnly);
    const { record } = await bench.run({ prompt: "hi" });
    expect(heard).toContainEqual(["session/set_mode", { sessionId: record.session_id, modeId: "plan" }]);
  });

  it.for([
    ["mode", { approval: { ask: "no-such-mode" } }, {}],
    ["model", {}, { model: "no-such-model" }],
    ["mode as option", { approval: { ask: "no-such-mode" } }, {}, { asConfigOption: true }],
  ] as const)("fails the run when the running agent does not offer the %s", async ([_what, definition, request, traits = {}]) => {
    const { bench, methods } = await open(traits, { scripted: { ...scriptedDefinition, ...definition } });
    const { record } = await bench.run({ prompt: "hi", ...request });
    expect(record).toMatchObject({ status: "failed", stop_reason: "error", error_code: "unsupported_option" });
    expect(methods()).not.toContain("session/prompt");
  });

  it("tells when the mode never asks", async () => {
    const approval = { ask: { mode: "plan", asks: false } };
    const { bench } = await open({}, { scripted: { ...scriptedDefinition, approval } });
    const { of } = await bench.run({ prompt: "hi" });
    expect(of("system.notice").map(({ payload }) => payload["code"])).toEqual(["mode_never_asks"]);
    expect(of("run.queued")[0]?.payload["supports"]).toMatchObject({ questions: false });
  });
});

describe("an earlier session", () => {
  it("works for one run at a time, whichever manager that run is of, from its beginning to its end", async () => {
    const [folder, sessionLocks] = [sessions(), join(sessions(), "locks")];
    let launches = 0;
    const connect = () => ((launches += 1), scriptedAgent({ folder }));
    // Two managers know nothing of each other's runs, as two processes do not.
    const [here, there] = [await openAcpBench({ connect, sessionLocks }), await openAcpBench({ connect, sessionLocks })];
    const first = await here.start({ prompt: "#script say one | hang" });
    const session_id = String((await here.seen(first, "system.init")).payload["session_id"]);
    const busy = { status: "failed", error_code: "session_busy" };
    expect((await there.run({ prompt: "#script say two", session_id })).record).toMatchObject(busy);
    await here.manager.cancel(first);
    const second = await here.start({ prompt: "#script hang", session_id });
    await here.seen(second, "user.message");
    launches = 0;
    expect((await there.run({ prompt: "#script say two", session_id })).record).toMatchObject(busy);
    expect(launches).toBe(0);
    expect((await there.run({ prompt: "#script say other" })).record.status).toBe("completed");
    await here.manager.cancel(second);
    expect((await there.run({ prompt: "#script say two", session_id })).record).toMatchObject({ status: "completed", result: "two" });
    expect(readdirSync(sessionLocks)).toEqual([]);
  });

  it.for(["load", "resume"] as const)("is gone on with by session/%s, and its past is not told again", async (resume) => {
    const folder = sessions();
    const { bench, methods } = await open({ folder, resume });
    const first = await bench.run({ prompt: "#script say one" });
    const second = await bench.run({ prompt: "#script say two", session_id: first.record.session_id ?? "" });
    expect(second.record).toMatchObject({ status: "completed", session_id: first.record.session_id });
    expect(second.of("assistant.message").map(({ payload }) => payload["text"])).toEqual(["two"]);
    expect(methods()).toContain(`session/${resume}`);
  });

  it("tells nothing of its past even when the agent does so late", async () => {
    const { bench } = await open({ folder: sessions(), lateReplay: true });
    const first = await bench.run({ prompt: "#script say one" });
    const second = await bench.run({ prompt: "#script slow 5 10 | say two", session_id: first.record.session_id ?? "" });
    expect(second.of("assistant.message").map(({ payload }) => payload["text"])).not.toContain("of long ago");
    expect(JSON.stringify(second.events)).not.toContain("of long ago");
  });

  it("costs only what was spent since", async () => {
    const { bench } = await open({ folder: sessions() });
    const first = await bench.run({ prompt: "hi" });
    const update = { sessionUpdate: "usage_update", used: 20, size: 100, cost: { amount: 0.75, currency: "USD" } };
    const second = await bench.run({ prompt: `#script tell ${JSON.stringify(update)}`, session_id: first.record.session_id ?? "" });
    expect(second.record.cost_usd).toBe(0.25);
  });

  it("is not started anew when the agent does not know it", async () => {
    const { bench, methods } = await open({ folder: sessions() });
    const { record } = await bench.run({ prompt: "hi", session_id: "s-unknown" });
    expect(record).toMatchObject({ status: "failed", error_code: "session_not_found" });
    expect(methods()).not.toContain("session/new");
  });

  it("fails the run when the agent cannot go on with one", async () => {
    const { bench } = await open({ resume: "none" });
    expect((await bench.run({ prompt: "hi", session_id: "s-1" })).record).toMatchObject({ error_code: "unsupported_option" });
  });
});

describe("the end of a prompt", () => {
  it.for([
    ["end_turn", "completed", "end_turn", undefined],
    ["max_tokens", "completed", "output_limit", undefined],
    ["max_turn_requests", "failed", "max_turns", "max_turns"],
    ["refusal", "failed", "refusal", "refusal"],
    ["cancelled", "failed", "error", "agent_canceled"],
    ["of a new kind", "failed", "error", "model_error"],
  ])("with %s is %s", async ([stopReason, status, stop_reason, error_code]) => {
    const { bench } = await open();
    const { record } = await bench.run({ prompt: `#script say so far | result ${JSON.stringify({ stopReason })}` });
    expect(record).toMatchObject({ status, stop_reason, ...(error_code && { error_code }), result: "so far" });
  });

  it.for([
    [-32_603, "model_error", "scripted -32603"],
    [429, "model_error", "scripted 429"],
    [-32_000, "model_auth", "scripted -32000"],
  ] as const)("with the JSON-RPC error %s is %s", async ([code, error_code, error]) => {
    const { bench } = await open();
    const { record } = await bench.run({ prompt: `#script error ${code}` });
    expect(record).toMatchObject({ status: "failed", stop_reason: "error", error_code, error });
  });

  it("in order is a model error when the agent says beside that its system failed", async () => {
    const { bench } = await open();
    const broken = { sessionUpdate: "session_info_update", _meta: { codex: { threadStatus: { type: "systemError" } } } };
    const { record } = await bench.run({ prompt: `#script say no such model | tell ${JSON.stringify(broken)} | result {"usage":null}` });
    expect(record).toMatchObject({ status: "failed", error_code: "model_error", error: "no such model" });
    expect(record.usage).toBeUndefined();
  });
});

describe("usage", () => {
  it("adds up over the prompts of a run", async () => {
    const { bench } = await open();
    const id = await bench.start({ prompt: "one", keep_open: true });
    await bench.seen(id, "run.idle");
    await bench.manager.input(id, { text: "two" });
    await bench.seen(id, "input.completed");
    await bench.manager.cancel(id);
    expect((await bench.ended(id)).record.usage).toEqual({ input_tokens: 200, output_tokens: 14, cache_read_input_tokens: 6 });
  });

  it.for([
    ["null", { usage: null }, undefined],
    ["all zero", { usage: { inputTokens: 0, outputTokens: 0 } }, undefined],
    [
      "in the quota",
      { usage: null, _meta: { quota: { token_count: { input_tokens: 5, output_tokens: 2 } } } },
      { input_tokens: 5, output_tokens: 2 },
    ],
    [
      "whole",
      { usage: { inputTokens: 1, outputTokens: 2, cachedReadTokens: 3, cachedWriteTokens: 4, thoughtTokens: 5 } },
      { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 4, reasoning_tokens: 5 },
    ],
  ] as const)("that is %s is reported as it is", async ([_what, result, usage]) => {
    const { bench } = await open();
    expect((await bench.run({ prompt: `#script result ${JSON.stringify(result)}` })).record.usage).toEqual(usage);
  });

  it("is absent where the agent's numbers cover only a part of its work", async () => {
    const { bench } = await open({}, { scripted: { ...scriptedDefinition, supports: { cost: true } } });
    expect((await bench.run({ prompt: "hi" })).record.usage).toBeUndefined();
  });
});
