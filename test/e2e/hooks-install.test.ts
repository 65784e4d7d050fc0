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
    expect(text).toContain(
      backend === "opencode" ? pathToFileURL(join(dirname(programPath), "../adapters/client/index.js")).href : programPath,
    );
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

describe("the plugin of opencode", () => {
  it("makes a session a peer with a socket of its own, puts messages in, and reports turns", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const client = await connect({ env: user.env });
    onTestFinished(() => client.close());
    await user.anode("hooks", "install", "opencode");
    vi.stubEnv("HOME", user.folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const plugin = (await import(pathToFileURL(join(user.folder, places.opencode[0])).href)) as {
      AnodePeer: (input: object) => Promise<Plugin>;
    };
    const put: unknown[] = [];
    const hooks = await plugin.AnodePeer({
      directory: "/repo",
      client: { session: { promptAsync: async (input: unknown) => void put.push(input) } },
    });
    await hooks["chat.message"]({ sessionID: "ses_1" });
    const peer = await vi.waitFor(async () => {
      const { peers } = await client.peers.list({ backend: "opencode" });
      expect(peers[0]).toMatchObject({ ws_connected: true, session_id: "ses_1", display_name: "repo-opencode" });
      return peers[0];
    });
    const id = peer?.peer_id ?? "";
    await hooks.event({ event: { type: "session.idle", properties: { sessionID: "ses_1" } } });
    await vi.waitFor(async () => expect(await client.peers.get({ id })).toMatchObject({ turn_state: "idle" }));
    expect(await client.messages.notify({ to_peer: id, text: "Hello" })).toMatchObject({ delivery_state: "delivered" });
    const text = "[anode:note from @human to @repo-opencode]\nHello";
    expect(put).toEqual([{ path: { id: "ses_1" }, body: { parts: [{ type: "text", text }] } }]);
    await client.peers.remove({ id });
  });
});

interface Plugin {
  "chat.message"(input: object): Promise<void>;
  event(input: object): Promise<void>;
}
