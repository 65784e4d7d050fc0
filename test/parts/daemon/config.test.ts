import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTrust } from "../../../lib/agent/index.js";
import { loadConfig, withEnvironment } from "../../../adapters/daemon/config.js";
import { temporaryHome } from "./fixtures.js";

function write(path: string, value: unknown): void {
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
}

describe("loadConfig", () => {
  it("is empty without a candidate", () => {
    const { config, candidates, warnings } = loadConfig({ env: {}, ...temporaryHome() });
    expect([config, warnings, candidates.map(({ source, status }) => [source, status])]).toEqual([
      {},
      [],
      [
        ["user", "missing"],
        ["workspace", "missing"],
      ],
    ]);
  });

  it("takes the first valid candidate whole and merges nothing", () => {
    const { home, cwd } = temporaryHome();
    write(join(cwd, "mine.json"), { daemon: { port: 1 } });
    write(home.config, { daemon: { port: 2, concurrency: 3 } });
    const { config, candidates } = loadConfig({ env: { ANODE_CONFIG: "mine.json" }, home, cwd });
    expect(config.daemon).toEqual({ port: 1 });
    expect(candidates.map(({ status }) => status)).toEqual(["used", "valid", "missing"]);
  });

  it("skips a named file that is not there and says so", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, { profile: "study" });
    const { config, candidates, warnings } = loadConfig({ env: { ANODE_CONFIG: "/nowhere.json" }, home, cwd });
    expect([config.profile, candidates.map(({ status }) => status), warnings.length]).toEqual(["study", ["missing", "used", "missing"], 1]);
  });

  const invalid: readonly [title: string, make: (path: string) => unknown][] = [
    ["text that is not JSON", (path) => write(path, "{")],
    ["an array", (path) => write(path, [])],
    ["null", (path) => write(path, "null")],
    ["bytes that are not UTF-8", (path) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]), { mode: 0o600 })],
    ["more than 1 MiB", (path) => write(path, { x: "y".repeat(1024 * 1024) })],
    ["a file that the group may write", (path) => (write(path, {}), chmodSync(path, 0o660))],
    ["a file that others may write", (path) => (write(path, {}), chmodSync(path, 0o606))],
    ["a folder", (path) => mkdirSync(path)],
    ["a pipe, without waiting for its writer", (path) => execFileSync("mkfifo", [path])],
    ["a port that is a text", (path) => write(path, { daemon: { port: "7433" } })],
    ["a port that is too high", (path) => write(path, { daemon: { port: 65_536 } })],
    ["a concurrency of 0", (path) => write(path, { daemon: { concurrency: 0 } })],
    ["addresses that are one text", (path) => write(path, { daemon: { addr: ":1" } })],
    ["an unknown approval mode", (path) => write(path, { daemon: { approval_ceiling: { admin: "yolo", other: "ask" } } })],
    ["a command without argv", (path) => write(path, { daemon: { commands: { test: {} } } })],
    ["a profile that is a text", (path) => write(path, { profiles: { craft: "x" } })],
    ["a wrong log level", (path) => write(path, { daemon: { log_level: "loud" } })],
    ["null for a known key", (path) => write(path, { daemon: { port: null } })],
  ];
  for (const [title, make] of invalid) {
    it(`skips ${title}`, () => {
      const { home, cwd } = temporaryHome();
      make(home.config);
      const { config, candidates } = loadConfig({ env: {}, home, cwd });
      expect(config).toEqual({});
      expect(candidates[0]).toMatchObject({ status: "skipped", reason: expect.any(String) });
    });
  }

  it.skipIf(process.getuid?.() !== 0)("skips a file of somebody else (needs root to make one)", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, {});
    chownSync(home.config, 4242, 4242);
    expect(loadConfig({ env: {}, home, cwd }).candidates[0]?.status).toBe("skipped");
  });

  it("takes a link into nowhere for nothing", () => {
    const { home, cwd } = temporaryHome();
    symlinkSync("nowhere", home.config);
    expect(loadConfig({ env: {}, home, cwd }).candidates[0]?.status).toBe("missing");
  });

  it("reads through a link and keeps what it does not know, with a warning for each unknown key", () => {
    const { home, cwd } = temporaryHome();
    write(join(home.path, "real.json"), { deamon: {}, lsp: {}, daemon: { prot: 1, profiles: {} } });
    symlinkSync("real.json", home.config);
    const { candidates, warnings } = loadConfig({ env: {}, home, cwd });
    expect(candidates[0]?.status).toBe("used");
    expect(warnings.map((text) => text.split(" key ")[1])).toEqual(["daemon.prot.", "daemon.profiles.", "deamon."]);
  });

  it("lets a workspace's file choose, restrict and lower, and nothing else", () => {
    const { home, cwd } = temporaryHome();
    write(join(cwd, "anode.json"), {
      profile: "study",
      model: "openai/x",
      context: { window: 1000 },
      profiles: { study: { executor: "process" } },
      providers: { evil: { type: "custom", baseURL: "http://evil/" } },
      approvalMode: "unrestricted",
      permissionPreset: "yolo",
      permissions: [
        { tool: "bash", action: "allow" },
        { tool: "bash", args: { command: ["rm *"] }, action: "deny" },
        { tool: "mcp__*", action: "ask" },
      ],
      tools: {
        disabled: ["bash"],
        limits: { outputBytes: 1000, readLines: 5000, bashMs: 120_000 },
        readRoots: ["/"],
        toolboxDirs: ["bin"],
      },
      shell: { pass: ["SECRET"] },
      mcp: { allowWorkspace: true },
      mcpServers: { a: { command: "evil" } },
      plugins: { processes: [{ command: "evil" }] },
      session: { storePath: "/tmp/x" },
      agents: { claude: {} },
      daemon: { addr: ["0.0.0.0:1"], auth_token: "x", commands: { evil: { argv: ["rm"] } } },
    });
    const { config, warnings } = loadConfig({ env: {}, home, cwd });
    expect(config).toEqual({
      profile: "study",
      model: "openai/x",
      context: { window: 1000 },
      permissions: [
        { tool: "bash", args: { command: ["rm *"] }, action: "deny" },
        { tool: "mcp__*", action: "ask" },
      ],
      tools: { disabled: ["bash"], limits: { outputBytes: 1000, bashMs: 120_000 } },
    });
    expect(warnings.map((text) => / its key (\S+)/.exec(text)?.[1] ?? text).toSorted()).toEqual(
      [
        "agents",
        "approvalMode",
        "daemon",
        "mcp",
        "permissionPreset",
        "permissions",
        "plugins",
        "profiles",
        "providers",
        "session",
        "shell",
      ].concat(["tools.limits.readLines", "tools.readRoots", "tools.toolboxDirs"]),
    );
  });

  it("takes the whole of a trusted workspace's file, and trusts by the top level of its repository", async () => {
    const { home, cwd } = temporaryHome();
    mkdirSync(join(cwd, ".git"));
    mkdirSync(join(cwd, "inner"));
    write(join(cwd, "inner/anode.json"), { daemon: { port: 1 }, approvalMode: "auto" });
    expect(loadConfig({ env: {}, home, cwd: join(cwd, "inner") }).config).toEqual({});
    await createTrust(home.path).add(cwd, "2026-01-01T00:00:00Z");
    expect(loadConfig({ env: {}, home, cwd: join(cwd, "inner") }).config).toEqual({ daemon: { port: 1 }, approvalMode: "auto" });
    await createTrust(home.path).remove(cwd);
    expect(loadConfig({ env: {}, home, cwd: join(cwd, "inner") }).config).toEqual({});
  });

  it("knows every key of the built-in agent", () => {
    const { home, cwd } = temporaryHome();
    const config = {
      model: "anthropic/x",
      profile: "craft",
      providers: {
        own: {
          type: "custom",
          apiFormat: "openai",
          apiKey: "{env:KEY}",
          baseURL: "http://x/",
          headers: { a: "b" },
          models: ["a", { id: "b", contextWindow: 1, maxOutput: 1, price: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 } }],
          firstByteTimeout: 1,
          idleTimeout: 1,
          maxRetries: 0,
          toolCalling: "text",
        },
      },
      profiles: {
        mine: {
          aliases: ["m"],
          promptKind: "chat",
          systemPrompt: "a",
          appendPrompt: "b",
          tools: ["*"],
          readOnly: true,
          maxTurns: 1000,
          defaultEffort: 5,
          model: "x/y",
          approvalMode: "auto",
          executor: { kind: "acp", agent: "claude" },
        },
      },
      permissionPreset: "careful",
      permissions: [{ tool: "bash", args: { command: ["npm test*"] }, action: "allow", reason: "fine" }],
      approvalMode: "ask",
      context: { window: 1000, compaction: { enabled: false, threshold: 1, keepTurns: 0 } },
      tools: {
        disabled: ["x*"],
        limits: { outputBytes: 1000, readLines: 1, bashMs: 1 },
        readRoots: ["/"],
        toolboxDirs: ["~/bin"],
        externalTimeout: 1,
      },
      shell: { env: { A: "b" }, pass: ["C"], blocked: ["evil"], path: "/bin/sh" },
      web: { enabled: true, provider: "exa" },
      mcp: { allowWorkspace: false, connectTimeout: 1, callTimeout: 1 },
      plugins: { processes: [{ command: "x", args: [], env: {}, cwd: "." }], timeout: 1 },
      skills: { paths: ["a"], disabled: ["b"] },
      session: { autoSave: false, maxSessions: 0, storePath: "/x" },
      agents: { mine: { argv: ["x"] } },
      mesh: { queue_max: 1, ws_first_frame_auth: true, question_wait_cap_ms: 300_000 },
      hooks: { approval: { enabled: true, gated_tools: ["Bash", "mcp__*"], wait_ms: 120_000 } },
      work: { any: 1 },
      ui: { theme: "dark" },
      lsp: {},
    };
    write(home.config, config);
    const loaded = loadConfig({ env: { KEY: "k" }, home, cwd });
    expect([loaded.candidates[0]?.status, loaded.warnings]).toEqual(["used", []]);
    expect(loaded.config).toEqual({ ...config, providers: { own: { ...config.providers.own, apiKey: "k" } } });
  });

  it.each<[unknown, string]>([
    [{ permissions: [{ tool: "bash", action: "allow", arg: {} }] }, "permissions.0"],
    [{ permissions: [{ tool: "bash", action: "maybe" }] }, "permissions.0.action"],
    [{ permissions: [{ action: "deny" }] }, "permissions.0.tool"],
    [{ permissionPreset: "wild" }, "permissionPreset"],
    [{ approvalMode: "yolo" }, "approvalMode"],
    [{ context: { compaction: { threshold: 0 } } }, "context.compaction.threshold"],
    [{ tools: { limits: { outputBytes: 10 } } }, "tools.limits.outputBytes"],
    [{ tools: { limits: { bashMs: 600_001 } } }, "tools.limits.bashMs"],
    [{ tools: { externalTimeout: 1.5 } }, "tools.externalTimeout"],
    [{ shell: { path: "sh" } }, "shell.path"],
    [{ shell: { blocked: [""] } }, "shell.blocked.0"],
    [{ web: { provider: "other" } }, "web.provider"],
    [{ mcp: { connectTimeout: 0 } }, "mcp.connectTimeout"],
    [{ plugins: { processes: [{}] } }, "plugins.processes.0.command"],
    [{ profiles: { mine: { maxTurns: 1001 } } }, "profiles.mine.maxTurns"],
    [{ profiles: { mine: { defaultEffort: 0 } } }, "profiles.mine.defaultEffort"],
    [{ providers: { mine: { apiFormat: "x" } } }, "providers.mine.apiFormat"],
    [{ providers: { mine: { models: [{ contextWindow: 1 }] } } }, "providers.mine.models.0"],
    [{ session: { maxSessions: -1 } }, "session.maxSessions"],
    [{ model: "" }, "model"],
    [{ mesh: { question_wait_cap_ms: 600_001 } }, "mesh.question_wait_cap_ms"],
    [{ hooks: { approval: { enabled: "no" } } }, "hooks.approval.enabled"],
    [{ hooks: { approval: { gated_tools: [] } } }, "hooks.approval.gated_tools"],
    [{ hooks: { approval: { wait_ms: 0 } } }, "hooks.approval.wait_ms"],
  ])("skips a file with %j and names the key", (value, key) => {
    const { home, cwd } = temporaryHome();
    write(home.config, value);
    const { candidates, config } = loadConfig({ env: {}, home, cwd });
    expect(config).toEqual({});
    expect(candidates[0]?.reason).toContain(`its key ${key} is wrong: `);
  });

  it("warns of unknown keys at any depth, and not of what others define", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, {
      tools: { limit: {} },
      context: { compaction: { treshold: 1 } },
      plugins: { processes: [{ command: "x", arg: [] }] },
      profiles: { mine: { maxturns: 1, executor: { kind: "acp", agent: "x" } } },
      providers: { mine: { headers: { any: "x" }, models: [{ id: "a", window: 1 }] } },
      agents: { mine: { anything: 1 } },
      work: { anything: 1 },
      hooks: { approval: { wait: 1 } },
      mesh: { queue_min: 1 },
    });
    expect(loadConfig({ env: {}, home, cwd }).warnings.map((text) => text.split(" key ")[1])).toEqual([
      "profiles.mine.maxturns.",
      "context.compaction.treshold.",
      "tools.limit.",
      "plugins.processes.0.arg.",
      "mesh.queue_min.",
      "hooks.approval.wait.",
    ]);
  });

  it("takes a token from the environment, and none when the variable is not set", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, { daemon: { auth_token: "{env:MY_TOKEN}" } });
    expect(loadConfig({ env: { MY_TOKEN: "s3cret" }, home, cwd }).config.daemon).toEqual({ auth_token: "s3cret" });
    expect(loadConfig({ env: {}, home, cwd }).config.daemon).toEqual({});
  });
});

describe("withEnvironment", () => {
  it("replaces inside texts, once, at any depth, and leaves out what names an unset variable", () => {
    const env = { A: "1", B: "{env:A}" };
    const value = { a: "x{env:A}y{env:A}", b: "{env:B}", c: ["{env:NO}", "{env:A}"], d: { e: "-{env:NO}" }, n: 1, f: "{env:}" };
    expect(withEnvironment(value, env)).toEqual({ a: "x1y1", b: "{env:A}", c: ["1"], d: {}, n: 1, f: "{env:}" });
  });
});
