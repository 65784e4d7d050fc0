import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../lib/agent/config-schema.js";
import { createForeignRules } from "../../../lib/agent/foreign-rules.js";
import type { PermissionCall, Permissions } from "../../../lib/permissions/schema.js";
import type { ApprovalMode } from "../../../lib/runs/schema.js";
import { type AgentRoom, openAgentRoom } from "../../support/agent-room.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom();
});
afterEach(() => agent.close());

const base = { call_id: "c1", args: {}, paths: [] };
const shell = (command?: string): PermissionCall => ({
  ...base,
  name: "Bash",
  level: "confirm_execute",
  kind: "execute",
  args: { description: "x" },
  ...(command !== undefined && { command }),
});
const edit = (...paths: string[]): PermissionCall => ({
  ...base,
  name: "Write",
  kind: "edit",
  level: "confirm_write",
  args: { file_path: paths[0] },
  paths,
});
const read = (...paths: string[]): PermissionCall => ({ ...base, name: "read", level: "auto_read", paths });
const other = (name: string, args = {}): PermissionCall => ({ ...base, name, level: "confirm_execute", args });

interface Opening {
  readonly config?: AgentConfig;
  readonly mode?: ApprovalMode;
  readonly readOnly?: boolean;
}

async function open({ config = {}, mode = "ask", readOnly = false }: Opening = {}): Promise<Permissions> {
  const { context, home, root } = agent;
  return createForeignRules({ config, home, env: { PATH: process.env["PATH"] } })({ context, cwd: root, mode, readOnly });
}
const action = async (rules: Permissions, call: PermissionCall): Promise<string> => (await rules.decide(call)).action;

describe("rules for an agent that is not ours", () => {
  it.each<[string, PermissionCall, string, string, string]>([
    ["a read", read("a.txt"), "allow", "allow", "allow"],
    ["a read outside the workspace", read("/etc/passwd"), "ask", "ask", "allow"],
    ["an edit", edit("a.txt"), "ask", "ask", "allow"],
    ["a harmless command", shell("git diff"), "ask", "allow", "allow"],
    ["a destructive command", shell("rm -r x"), "ask", "ask", "allow"],
    ["a command that is not told", shell(), "ask", "ask", "allow"],
    ["a tool of unknown effect", other("mcp__x__y"), "ask", "ask", "allow"],
    ["a tool of unknown effect that takes a harmless command", other("mcp__x__y", { command: "ls" }), "ask", "ask", "allow"],
  ])("decide %s by level and mode", async (_, call, ask, auto, unrestricted) => {
    for (const [mode, expected] of Object.entries({ ask, auto, unrestricted })) {
      expect(await action(await open({ mode: mode as ApprovalMode }), call), mode).toBe(expected);
    }
  });

  it("are those of the configuration, with shells by the name bash and files by their real path", async () => {
    const permissions: AgentConfig["permissions"] = [
      { tool: "bash", args: { command: ["npm test*"] }, action: "allow" },
      { tool: "edit_file", args: { path: ["gen/**"] }, action: "deny", reason: "generated" },
      { tool: "mcp__*", action: "deny" },
    ];
    const rules = await open({ config: { permissions }, mode: "unrestricted" });
    const careful = await open({ config: { permissions } });
    expect(await action(careful, shell("npm test -- a"))).toBe("allow");
    expect(await action(careful, shell("npm test && npm publish"))).toBe("ask");
    expect(await rules.decide(edit("gen/a.ts"))).toEqual({ action: "deny", reason: "generated" });
    expect(await action(rules, edit("a.ts", join(agent.root, "gen/b.ts")))).toBe("deny");
    expect(await action(rules, edit("a.ts"))).toBe("allow");
    expect(await action(rules, other("mcp__x__y"))).toBe("deny");
  });

  it("deny blocked commands and our own folder in every mode", async () => {
    const rules = await open({ config: { shell: { blocked: ["evil"] } }, mode: "unrestricted" });
    expect(await rules.decide(shell("an evil thing"))).toMatchObject({ action: "deny", reason: expect.stringContaining("blocked") });
    expect(await rules.decide(read(join(agent.home, "token")))).toMatchObject({
      action: "deny",
      reason: expect.stringContaining("own folder"),
    });
  });

  it("let a read-only run read alone, whatever its mode", async () => {
    const rules = await open({ mode: "unrestricted", readOnly: true });
    expect(await Promise.all([read("a"), edit("a"), shell("ls"), read("/etc/passwd")].map((call) => action(rules, call)))).toEqual([
      "allow",
      "deny",
      "deny",
      "deny",
    ]);
  });

  it("ask with the lasting rule that would have allowed the call, as it is in the configuration", async () => {
    const rules = await open();
    for (const [call, rule] of [
      [shell("git diff --stat"), { tool: "bash", args: { command: ["git diff *"] }, action: "allow" }],
      [edit(join(agent.root, "src/a.ts")), { tool: "edit_file", args: { path: ["src/a.ts"] }, action: "allow" }],
      [edit("a", "b"), { tool: "edit_file", args: { path: ["a", "b"] }, action: "allow" }],
      [other("mcp__x__y"), { tool: "mcp__x__y", action: "allow" }],
    ] as const) {
      expect(await rules.decide(call)).toEqual({ action: "ask", metadata: { rule } });
      expect(await action(await open({ config: { permissions: [rule as never] } }), call)).toBe("allow");
    }
    for (const call of [shell(), other("other"), edit()]) expect(await rules.decide(call)).toEqual({ action: "ask" });
  });

  it("remember a grant for what is like it, in this run alone", async () => {
    const rules = await open();
    await rules.grant(shell("git diff a"));
    await rules.grant(edit("a"));
    for (const call of [shell("git diff b"), edit("b")]) expect(await action(rules, call)).toBe("allow");
    for (const call of [shell("git push"), edit("/elsewhere/a")]) expect(await action(rules, call)).toBe("ask");
    expect(await action(await open(), shell("git diff a"))).toBe("ask");
  });

  it("grant nothing for calls of which only the kind is known", async () => {
    const rules = await open();
    await rules.grant(edit("a"));
    for (const call of [shell(), other("other"), edit()]) {
      await rules.grant(call);
      expect(await action(rules, call)).toBe("ask");
    }
  });

  it("are kept by the hooks before them, which can reject and never allow", { timeout: 30_000 }, async () => {
    const hook = { type: "command", command: "cat > seen.json; echo not on fridays >&2; exit 2" };
    await agent.write(
      "../home/hooks.json",
      JSON.stringify({
        hooks: {
          PreToolUse: [
            { matcher: "bash", hooks: [hook] },
            { matcher: "edit_file", hooks: [{ type: "command", command: "exit 0" }] },
          ],
        },
      }),
    );
    const rules = await open({ mode: "unrestricted" });
    expect(await rules.decide(shell("ls"))).toEqual({ action: "deny", reason: "not on fridays" });
    expect(JSON.parse(await readFile(join(agent.root, "seen.json"), "utf8"))).toMatchObject({ tool_name: "bash", command: "ls" });
    expect(agent.run.of("hook.result").map(({ payload }) => payload["decision"])).toEqual(["reject"]);
    expect(await action(await open(), edit("a"))).toBe("ask");
  });

  it("are not opened over hooks that cannot be read as meant", async () => {
    await agent.write("../home/hooks.json", "{");
    await expect(open()).rejects.toMatchObject({ code: "executor_error", message: expect.stringContaining("hooks.json") });
  });
});
