import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnoseConfig } from "../../../adapters/daemon/config-doctor.js";
import { agentProfiles, builtInProviders, createTrust } from "../../../lib/agent/index.js";
import { temporaryHome } from "./fixtures.js";

function write(path: string, value: unknown): void {
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
}

async function findings(value: unknown, env: Record<string, string> = {}): Promise<string[]> {
  const { home, cwd } = temporaryHome();
  write(home.config, value);
  return (await diagnoseConfig({ env, home, cwd })).map(({ level, text }) => `${level}: ${text}`);
}

describe("diagnoseConfig", () => {
  it("has nothing to say of no configuration, and of a good one", async () => {
    expect(await diagnoseConfig({ env: {}, ...temporaryHome() })).toEqual([]);
    expect(
      await findings({
        profile: "mine",
        model: "own/x",
        providers: { own: { type: "custom" }, openai: {} },
        profiles: {
          mine: { aliases: ["m"], tools: ["read", "g*", "mcp__github__*", "*"], model: "openai/x" },
          outer: { executor: { kind: "acp", agent: "here" }, model: "sonnet" },
          here: { executor: { kind: "acp" } },
        },
        agents: { here: { argv: [process.execPath], approval: {} } },
        permissions: [
          { tool: "shell_command", action: "ask" },
          { tool: "delete", action: "ask" },
        ],
        tools: { disabled: ["tb__x", "web_*"] },
      }),
    ).toEqual([]);
  });

  it.each([...Object.keys(agentProfiles()), "smart", "search"])("knows the profile %s without a definition", async (profile) => {
    expect((await findings({ profile })).filter((text) => !text.includes("is not installed"))).toEqual([]);
  });

  it("finds an agent by its command in PATH alone", async () => {
    const { cwd } = temporaryHome();
    const config = { profile: "gemini" };
    expect(await findings(config, { PATH: cwd })).toEqual([
      'warn: profiles.gemini.executor.agent names the agent "gemini", which is not installed: its command gemini was not found in PATH; npm install --global @google/gemini-cli',
    ]);
    writeFileSync(join(cwd, "gemini"), "", { mode: 0o755 });
    expect(await findings(config, { PATH: cwd })).toEqual([]);
  });

  it.each(Object.keys(builtInProviders))("knows the provider %s without a definition", async (id) => {
    expect(await findings({ model: `${id}/x`, providers: { [id]: {} } })).toEqual([]);
  });

  it.each<[unknown, string]>([
    ["{", "fail: it is not JSON"],
    [{ daemon: { port: "x" } }, "fail: its key daemon.port is wrong: "],
    [{ tols: {} }, "warn: tols is not a known key"],
    [{ profile: "nobody" }, 'warn: profile names "nobody", which is not defined'],
    [{ model: "gpt" }, 'warn: model is "gpt", which names no provider'],
    [{ model: "nobody/x" }, 'warn: model names the provider "nobody", which is not defined'],
    [{ profiles: { a: { model: "nobody/x" } } }, 'warn: profiles.a.model names the provider "nobody"'],
    [{ providers: { mine: {} } }, 'warn: providers.mine is of the type "mine", which is not known'],
    [{ permissions: [{ tool: "edit", action: "ask" }] }, 'warn: permissions.0.tool has "edit", which fits no tool'],
    [{ tools: { disabled: ["x*"] } }, 'warn: tools.disabled has "x*", which fits no tool'],
    [{ profiles: { a: { tools: ["reed"] } } }, 'warn: profiles.a.tools has "reed", which fits no tool'],
    [
      { profiles: { a: { executor: { kind: "acp", agent: "b" } } } },
      'warn: profiles.a.executor.agent names the agent "b", which is not defined',
    ],
    [{ profiles: { a: { executor: { kind: "acp" } } } }, 'warn: profiles.a.executor.agent names the agent "a", which is not defined'],
    [
      { agents: { b: { argv: ["/nowhere/b"], approval: {} } }, profiles: { a: { executor: { kind: "acp", agent: "b" } } } },
      'warn: profiles.a.executor.agent names the agent "b", which is not installed: its command /nowhere/b was not found in PATH',
    ],
    [
      { agents: { claude: { enabled: false } }, profiles: { claude: {} } },
      'warn: profiles.claude.executor.agent names the agent "claude", which is disabled',
    ],
    [{ agents: { b: { argv: [] } } }, "fail: agents.b: argv"],
    [{ providers: { openai: { apiKey: "{env:NO_KEY}" } } }, "warn: the variable NO_KEY is not set"],
  ])("says of %j: %s", async (value, expected) => {
    const found = await findings(value);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it("fails for a named file that is not there, and for one that others may write", async () => {
    const { home, cwd } = temporaryHome();
    write(home.config, {});
    chmodSync(home.config, 0o666);
    expect(
      (await diagnoseConfig({ env: { ANODE_CONFIG: "/nowhere.json" }, home, cwd })).map(({ level, path, text }) => [level, path, text]),
    ).toEqual([
      ["fail", "/nowhere.json", "there is no such file"],
      ["fail", home.config, "others may write to it"],
    ]);
  });

  it("looks at the hooks of the home, and at those of a trusted workspace", async () => {
    const { home, cwd } = temporaryHome();
    const bad = { hooks: { PreToolUse: [{ matcher: "(", hooks: [] }] } };
    mkdirSync(join(cwd, ".anode"));
    write(join(home.path, "hooks.json"), bad);
    write(join(cwd, ".anode/hooks.json"), bad);
    const paths = async () => (await diagnoseConfig({ env: {}, home, cwd })).map(({ level, path, text }) => [level, path, text]);
    const text = "hooks.PreToolUse.0.matcher must be a regular expression";
    expect(await paths()).toEqual([["fail", join(home.path, "hooks.json"), text]]);
    await createTrust(home.path).add(cwd, "2026-01-01T00:00:00Z");
    expect(await paths()).toEqual([
      ["fail", join(home.path, "hooks.json"), text],
      ["fail", join(cwd, ".anode/hooks.json"), text],
    ]);
  });
});
