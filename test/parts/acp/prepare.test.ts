import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtInAgents, createAcpExecutor, resolveAgents } from "../../../lib/acp/index.js";
import { findCommand } from "../../../lib/acp/find-command.js";
import { loadSdk } from "../../../lib/acp/sdk.js";
import { createProcesses } from "../../../lib/node/index.js";
import { RunManager } from "../../../lib/runs/manager.js";
import { systemHost } from "../../../lib/system-host.js";
import { scriptedDefinition } from "../../support/acp.js";

function folderOf(commands: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "anode-acp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const command of commands) {
    writeFileSync(join(folder, command), "#!/bin/sh\nexit 1\n");
    chmodSync(join(folder, command), 0o755);
  }
  return folder;
}

/** A manager whose agents are looked for in one folder. */
async function open(
  commands: readonly string[],
  agents: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Promise<RunManager> {
  const processes = createProcesses({ host: systemHost, baseEnv: { PATH: folderOf(commands) } });
  const names = ["claude", "codex", "gemini", "opencode", ...Object.keys(agents)];
  const manager = new RunManager({
    executors: { acp: createAcpExecutor({ agents, processes }) },
    profiles: Object.fromEntries(names.map((agent) => [agent, { executor: { kind: "acp", agent }, ...more }])),
    paused: true,
  });
  await manager.open();
  onTestFinished(() => manager.close());
  return manager;
}

const commands = ["claude-agent-acp", "codex-acp", "gemini", "opencode"];

describe("a start with an agent", () => {
  it.for(Object.keys(builtInAgents))("that is not installed is refused with the line that installs it: %s", async (profile) => {
    const manager = await open([]);
    await expect(manager.start({ prompt: "hi", profile })).rejects.toMatchObject({
      code: "agent_not_installed",
      status: 409,
      details: { agent: profile, hint: builtInAgents[profile]?.install },
    });
    expect((await manager.list()).runs).toEqual([]);
  });

  it.for([
    ["claude", { questions: true, steer: true, queue: true, model: true, session: true, tokens: true, cost: true }],
    ["codex", { questions: false, steer: true, queue: true, model: true, session: true, tokens: true, cost: false }],
    ["gemini", { questions: true, steer: false, queue: true, model: true, session: true, tokens: true, cost: false }],
    ["opencode", { questions: true, steer: false, queue: true, model: true, session: true, tokens: false, cost: true }],
  ] as const)("that is installed says what it can do: %s", async ([profile, supports]) => {
    const manager = await open(commands);
    const { id } = await manager.start({ prompt: "hi", profile });
    const events = [];
    for await (const event of manager.attach(id, { follow: false })) events.push(event);
    expect(events[0]?.payload).toMatchObject({ agent: profile, supports: { ...supports, maxTurns: false, tools: false, pty: false } });
  });

  it.for([
    ["max_turns", { max_turns: 3 }],
    ["tools", { tools: ["read"] as string[] }],
    ["session_id", { session_id: "s-1" }],
    ["model", { model: "large" }],
    ["approval_mode", { approval_mode: "auto" }],
  ] as const)("is refused by name for what the agent lacks: %s", async ([option, request]) => {
    const agents = { plain: { argv: ["opencode"], approval: { ask: "build" } } };
    const manager = await open(commands, agents);
    await expect(manager.start({ prompt: "hi", profile: "plain", ...request })).rejects.toMatchObject({
      code: "unsupported_option",
      details: { option },
    });
  });

  it.for(["tokens", "cost_usd"] as const)("is refused with a budget of %s that nobody measures", async (name) => {
    const manager = await open(commands, { plain: { argv: ["opencode"], approval: { ask: "build" } } });
    await expect(manager.start({ prompt: "hi", profile: "plain", budget: { [name]: 1 } })).rejects.toMatchObject({
      code: "budget_unsupported",
    });
  });

  it("leaves out of the record what only the profile prefers and the agent cannot do", async () => {
    const plain = { argv: ["opencode"], approval: { ask: "build" } };
    const manager = await open(commands, { plain }, { model: "large", max_turns: 5, tools: ["read"] });
    const record = await manager.get((await manager.start({ prompt: "hi", profile: "plain" })).id);
    expect([record.model, record.max_turns, record.tools]).toEqual([undefined, undefined, undefined]);
  });

  it("of a name that is none, or of a disabled one, is refused", async () => {
    const manager = await open(commands, { other: { ...scriptedDefinition, enabled: false } });
    await expect(manager.start({ prompt: "hi", profile: "other" })).rejects.toMatchObject({ code: "unknown_agent" });
  });

  it("is refused as read-only where the agent has no such mode", async () => {
    const manager = await open(commands, { plain: { argv: ["opencode"], approval: { ask: "build" } } }, { readOnly: true });
    await expect(manager.start({ prompt: "hi", profile: "plain" })).rejects.toMatchObject({ details: { option: "read_only" } });
  });
});

describe("a definition", () => {
  it.for([
    ["no argv", { approval: {} }, /agents\.mine: argv is required/],
    ["an unknown field", { argv: ["a"], approval: {}, modes: {} }, /agents\.mine: modes is not a known field/],
    ["an unknown placeholder", { argv: ["a", "{prompt}"], approval: {} }, /argv\.1 is no placeholder/],
    ["a model in argv without its place", { argv: ["a"], approval: {}, model_option: "argv" }, /must have an item \{model\}/],
    [
      "a mode that never asks and may write",
      { argv: ["a"], approval: { ask: { mode: "free", asks: false } }, read_only_mode: "closed" },
      /approval\.ask may name a mode that never asks only if/,
    ],
    ["no object", "claude", /agents\.mine/],
  ])("with %s is refused", ([_what, definition, words]) => {
    expect(() => createAcpExecutor({ agents: { mine: definition } })).toThrow(words as RegExp);
  });

  it.for(["detect", "Mine", "-a", "", "__proto__x"])("is refused under the name %s", (name) => {
    expect(() => createAcpExecutor({ agents: { [name]: scriptedDefinition } })).toThrow(/is not the name of an agent/);
  });

  it("of a built-in name adds its variables to those there are", () => {
    const { env } = resolveAgents({ gemini: { env: { pass: ["MY_PROXY"], set: { A: "1" } } } })["gemini"] ?? {};
    expect(env?.set).toEqual({ GEMINI_CLI_NO_RELAUNCH: "true", A: "1" });
    expect(env?.pass).toEqual([...(builtInAgents["gemini"]?.env?.pass ?? []), "MY_PROXY"]);
  });

  it("of a built-in name changes only its own fields", async () => {
    const manager = await open(commands, { claude: { supports: { session: true } } });
    await expect(manager.start({ prompt: "hi", profile: "claude", budget: { tokens: 5 } })).rejects.toMatchObject({
      code: "budget_unsupported",
    });
  });
});

describe("the search for a command", () => {
  it("takes executable files in absolute folders, the first one first", () => {
    const [first, second] = [folderOf(["tool"]), folderOf(["tool", "other"])];
    writeFileSync(join(first, "other"), "not executable");
    expect(findCommand("tool", `${first}:${second}`)).toBe(join(first, "tool"));
    expect(findCommand("other", `${first}:${second}`)).toBe(join(second, "other"));
    expect(findCommand(join(first, "tool"), undefined)).toBe(join(first, "tool"));
  });

  it("never takes what lies in the workspace, nor a folder", () => {
    const folder = folderOf(["tool"]);
    mkdirSync(join(folder, "sub"));
    expect([
      findCommand("tool", relative(process.cwd(), folder)),
      findCommand("tool", ""),
      findCommand("./tool", folder),
      findCommand("sub", folder),
    ]).toEqual(Array.from({ length: 4 }));
  });
});

describe("the protocol's package", () => {
  it("is named when it is missing", async () => {
    const missing = () => Promise.reject(Object.assign(new Error("gone"), { code: "ERR_MODULE_NOT_FOUND" }));
    await expect(loadSdk(missing)).rejects.toMatchObject({
      code: "executor_unavailable",
      status: 503,
      details: { package: "@agentclientprotocol/sdk", hint: "npm install @agentclientprotocol/sdk" },
    });
  });

  it("is not called missing when it is broken", async () => {
    await expect(loadSdk(() => Promise.reject(new SyntaxError("broken")))).rejects.toThrow("broken");
  });
});
