import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../adapters/client/index.js";
import { newUser, programPath, scriptedDaemon } from "../support/program.js";

const places = {
  "claude-code": [".claude/settings.json", ".claude/settings.local.json"],
  codex: [".codex/hooks.json", ".codex/hooks.json"],
  gemini: [".gemini/settings.json", ".gemini/settings.json"],
  opencode: [".config/opencode/plugin/anode.js", ".opencode/plugin/anode.js"],
} as const;

function write(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

describe("anode hooks install", () => {
  it.each(Object.entries(places))("%s: makes the file, says so, and takes it away again", async (backend, [ofUser]) => {
    const user = newUser();
    const path = join(user.folder, ofUser);
    expect(await user.anode("hooks", "install", backend)).toMatchObject({ code: 0, out: "", err: expect.stringContaining(path) });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(programPath);
    expect(await user.anode("hooks", "install", backend)).toMatchObject({ code: 0, err: expect.stringContaining("already") });
    expect(readFileSync(path, "utf8")).toBe(text);
    const { hooks } = JSON.parse((await user.anode("hooks", "status", "--json")).out) as { hooks: { backend: string; state: string }[] };
    expect(Object.fromEntries(hooks.map((one) => [one.backend, one.state]))).toEqual(
      Object.fromEntries(Object.keys(places).map((name) => [name, name === backend ? "installed" : "absent"])),
    );
    expect(await user.anode("hooks", "uninstall", backend)).toMatchObject({ code: 0 });
    expect(existsSync(path)).toBe(false);
  });

  it("keeps what is there, its rights and its link, in a project of its own user", async () => {
    const user = newUser();
    const [real, path] = [join(user.folder, "dotfiles/claude.json"), join(user.folder, places["claude-code"][1])];
    const before = '{\n    "model" : "opus", "hooks": {"Stop":[{"hooks":[{"type":"command","command":"say done"}]}] }\n}';
    write(real, before, 0o640);
    mkdirSync(dirname(path));
    symlinkSync(real, path);
    expect(await user.anode("hooks", "install", "claude-code", "--scope", "project")).toMatchObject({ code: 0 });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    const { hooks } = JSON.parse(readFileSync(real, "utf8")) as { hooks: Record<string, unknown[]> };
    expect(Object.keys(hooks).sort()).toEqual(["Notification", "SessionEnd", "SessionStart", "Stop", "StopFailure", "UserPromptSubmit"]);
    expect(hooks["Stop"]).toHaveLength(2);
    expect(await user.anode("hooks", "uninstall", "claude-code", "--scope", "project")).toMatchObject({ code: 0 });
    expect(readFileSync(real, "utf8")).toBe(before);
  });

  it("shows the change and makes none with --dry-run", async () => {
    const user = newUser();
    const path = join(user.folder, places["claude-code"][0]);
    write(path, "{}\n");
    const shown = await user.anode("hooks", "install", "claude-code", "--dry-run");
    expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(/^[-+]{3} .*settings\.json[^]*^\+.*"SessionStart"/m) });
    expect(readFileSync(path, "utf8")).toBe("{}\n");
  });

  it("asks for approval only when it is told to, or configured so", async () => {
    const user = newUser();
    const path = join(user.folder, places["claude-code"][0]);
    const gate = () =>
      (JSON.parse(readFileSync(path, "utf8")) as { hooks: Record<string, { matcher: string }[]> }).hooks["PreToolUse"]?.[0];
    await user.anode("hooks", "install", "claude-code");
    expect(gate()).toBeUndefined();
    await user.anode("hooks", "install", "claude-code", "--approval");
    expect(gate()).toMatchObject({ matcher: "Bash|Edit|Write|MultiEdit|NotebookEdit" });
    await user.anode("hooks", "install", "claude-code");
    expect(gate()).toBeUndefined();
    write(join(user.home, "config.json"), JSON.stringify({ hooks: { approval: { enabled: true, gated_tools: ["Bash", "mcp__*"] } } }));
    await user.anode("hooks", "install", "claude-code");
    expect(gate()).toMatchObject({ matcher: "Bash|mcp__.*" });
  });

  it.each(["{", "[]", "// my settings\n{}", '{"hooks":[]}'])("refuses %j with the name of the file, and leaves it", async (text) => {
    const user = newUser();
    const path = join(user.folder, places.gemini[0]);
    write(path, text);
    for (const command of ["install", "uninstall"]) {
      const said = await user.anode("hooks", command, "gemini");
      if (command === "install" || text !== '{"hooks":[]}') expect(said).toMatchObject({ code: 2, err: expect.stringContaining(path) });
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });

  it("refuses a plugin that is somebody else's, an unknown backend and an unknown scope", async () => {
    const user = newUser();
    write(join(user.folder, places.opencode[0]), "export const Mine = 1;\n");
    expect(await user.anode("hooks", "install", "opencode")).toMatchObject({ code: 2, err: expect.stringContaining("not ours") });
    expect(await user.anode("hooks", "install", "vim")).toMatchObject({
      code: 2,
      err: expect.stringContaining("claude-code, codex, gemini, opencode"),
    });
    expect(await user.anode("hooks", "install", "codex", "--scope", "all")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--scope"),
    });
  });
});

/** The plugin as the runtime loads it, for a user of a daemon; `put` is what went in. */
async function openPlugin(...flags: string[]) {
  const user = newUser();
  await scriptedDaemon(user);
  const client = await connect({ env: user.env });
  onTestFinished(() => client.close());
  await user.anode("hooks", "install", "opencode", ...flags);
  for (const [name, value] of Object.entries({ HOME: user.folder, TMUX_PANE: undefined, ANODE_RUN_ID: undefined })) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const put: unknown[] = [];
  const said = [
    { info: { role: "user" }, parts: [{ type: "text", text: "Hello" }] },
    {
      info: { role: "assistant" },
      parts: [
        { type: "reasoning", text: "Hm" },
        { type: "text", text: "It is green" },
      ],
    },
  ];
  const session = {
    get: async ({ path: { id } }: { path: { id: string } }) => ({ data: id === "ses_child" ? { parentID: "ses_1" } : {} }),
    messages: async () => ({ data: said }),
    promptAsync: async (input: { body: { agent?: string } }) => {
      put.push(input);
      return input.body.agent === "gone" ? { error: { name: "NotFound" } } : {};
    },
  };
  const load = async (): Promise<Plugin> => {
    const path = pathToFileURL(join(user.folder, places.opencode[0])).href;
    const { AnodePeer } = (await import(`${path}?${flags.length}${process.env["ANODE_RUN_ID"] ?? ""}`)) as {
      AnodePeer: (input: object) => Promise<Plugin>;
    };
    return AnodePeer({ directory: "/repo", client: { session } });
  };
  const peers = async () => (await client.peers.list({ backend: "opencode" })).peers;
  const joined = () =>
    vi.waitFor(async () => {
      const [peer] = await peers();
      expect(peer).toMatchObject({ ws_connected: true, session_id: "ses_1", display_name: "repo-opencode" });
      return peer?.peer_id ?? "";
    }, patient);
  const becomes = (id: string, turn_state: string) =>
    vi.waitFor(async () => expect(await client.peers.get({ id })).toMatchObject({ turn_state }), patient);
  const happened = (hooks: Plugin, type: string, sessionID = "ses_1") => hooks.event({ event: { type, properties: { sessionID } } });
  return { user, client, put, load, peers, joined, becomes, happened };
}

describe("the plugin of opencode", () => {
  it("makes a session a peer with a socket of its own, puts messages in, reports turns, and ends with the program", async () => {
    const { client, put, load, joined, becomes, happened } = await openPlugin();
    const hooks = await load();
    await hooks["chat.message"]({ sessionID: "ses_1", agent: "plan", model: { providerID: "p", modelID: "m" } });
    const id = await joined();
    await becomes(id, "working");
    const { system } = await systemOf(hooks);
    expect(system).toEqual([expect.stringContaining("You are the peer @repo-opencode")]);
    await happened(hooks, "permission.asked");
    await becomes(id, "awaiting_input");
    await happened(hooks, "permission.replied");
    await becomes(id, "working");
    await happened(hooks, "session.idle");
    await becomes(id, "idle");
    expect(await client.messages.notify({ to_peer: id, text: "Hello" })).toMatchObject({ delivery_state: "delivered" });
    const text = "[anode:note from @human to @repo-opencode]\nHello";
    const as = { agent: "plan", model: { providerID: "p", modelID: "m" } };
    expect(put).toEqual([{ path: { id: "ses_1" }, body: { ...as, parts: [{ type: "text", text }] } }]);
    const { correlation_id } = await client.asks.ask({ to_peer: id, text: "Which color?", reply_from_turn: true });
    const prompt = [{ type: "text", text: `[anode:ask ${correlation_id} from @human to @repo-opencode]\nWhich color?` }];
    await hooks["chat.message"]({ sessionID: "ses_1" }, { parts: prompt });
    await happened(hooks, "session.idle");
    await vi.waitFor(
      async () => expect(await client.asks.get({ id: correlation_id })).toMatchObject({ reply_text: "It is green", replied_by: "turn" }),
      patient,
    );
    await hooks.dispose();
    expect(await client.peers.get({ id })).toMatchObject({ status: "offline", retire_reason: "session_end" });
  });

  it("takes no helper's session for the person's, and never calls delivered what was refused", async () => {
    const { client, put, load, joined, becomes, happened } = await openPlugin();
    const hooks = await load();
    await hooks["chat.message"]({ sessionID: "ses_1", agent: "gone" });
    const id = await joined();
    await happened(hooks, "session.idle");
    await becomes(id, "idle");
    await hooks["chat.message"]({ sessionID: "ses_child" });
    await happened(hooks, "permission.asked", "ses_child");
    const { delivery_id } = await client.messages.notify({ to_peer: id, text: "Hello" });
    expect(put).toEqual([expect.objectContaining({ path: { id: "ses_1" } })]);
    expect(await client.messages.get({ delivery_id })).not.toMatchObject({ delivery_state: "delivered" });
    expect(await client.peers.get({ id })).toMatchObject({ turn_state: "idle", session_id: "ses_1" });
    await hooks.dispose();
  });

  it("lets no gated tool run without an allow: not when it is denied, and not when the program is gone", async () => {
    const { user, client, load, peers } = await openPlugin("--approval");
    expect((await user.anode("hooks", "status")).out).toMatch(/opencode\s.*installed/);
    vi.stubEnv("ANODE_RUN_ID", "R-1_1");
    const hooks = await load();
    const before = hooks["tool.execute.before"] ?? (() => {});
    await before({ tool: "read", sessionID: "ses_1", callID: "call_0" }, { args: {} });
    const call = (callID: string) => before({ tool: "bash", sessionID: "ses_1", callID }, { args: { command: "ls" } });
    const allowed = call("call_1");
    // Listened to from the start: the denial may arrive before the allow does.
    const denied = expect(call("call_2")).rejects.toThrow("Not allowed (denied)");
    await vi.waitFor(async () => expect((await client.questions.list({ status: "open" })).questions).toHaveLength(2), patient);
    await client.questions.answer({ correlation_id: "pretool-call_1", option_id: "allow" });
    await client.questions.answer({ correlation_id: "pretool-call_2", outcome: "denied" });
    await allowed;
    await denied;
    // In a run of the daemon's own it asks as well, and is no peer.
    expect(Object.keys(hooks)).toEqual(["tool.execute.before"]);
    expect(await peers()).toEqual([]);
    const path = join(user.folder, places.opencode[0]);
    write(path, readFileSync(path, "utf8").replaceAll(programPath, join(user.folder, "gone.cjs")));
    const { AnodePeer } = (await import(`${pathToFileURL(path).href}?gone`)) as { AnodePeer: (input: object) => Promise<Plugin> };
    const gone = (await AnodePeer({ directory: "/repo" }))["tool.execute.before"] ?? (() => {});
    await expect(gone({ tool: "bash", sessionID: "ses_1", callID: "call_3" }, { args: {} })).rejects.toThrow();
  });
});

const patient = { timeout: 15_000, interval: 30 };

async function systemOf(hooks: Plugin): Promise<{ readonly system: string[] }> {
  const system: string[] = [];
  await hooks["experimental.chat.system.transform"]({}, { system });
  return { system };
}

interface Plugin {
  "chat.message"(input: object, output?: object): Promise<void>;
  "experimental.chat.system.transform"(input: object, output: { readonly system: string[] }): Promise<void>;
  "tool.execute.before"?(input: object, output: object): Promise<void>;
  event(input: object): Promise<void>;
  dispose(): Promise<void>;
}
