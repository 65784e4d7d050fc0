import { describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import { createDecide } from "../../../../lib/agent/permissions/decide.js";
import { createGrants } from "../../../../lib/agent/permissions/grants.js";
import type { JudgedCall } from "../../../../lib/agent/permissions/judged-call.js";
import { permissionMode } from "../../../../lib/agent/permissions/levels.js";
import type { ToolLevel } from "../../../../lib/agent/tool.js";
import type { ApprovalMode } from "../../../../lib/runs/schema.js";

interface Setup {
  readonly mode?: ApprovalMode;
  readonly config?: AgentConfig;
  readonly isReadOnly?: boolean;
}

function judge({ config = {}, isReadOnly = false, mode = "ask" }: Setup = {}) {
  const grants = createGrants();
  const judged = createDecide({
    mode: permissionMode(mode, config),
    rules: config.permissions ?? [],
    blocked: config.shell?.blocked ?? [],
    isReadOnly,
    grants,
  });
  return { grants, hardDeny: judged.hardDeny, decide: (of: JudgedCall): string => judged.decide(of).action };
}

function tool(level: ToolLevel, rest: Partial<JudgedCall> = {}): JudgedCall {
  return { call_id: "c1", name: "x", level, isOpaque: false, args: {}, paths: [], ...rest };
}

const bash = (command: string): JudgedCall => tool("confirm_execute", { name: "bash", args: { command } });
const at = (path: string, isOpen: boolean, level: ToolLevel = "confirm_write", name = "edit_file"): JudgedCall =>
  tool(level, {
    name,
    args: { path },
    paths: [
      { path, real: isOpen ? `/w/${path}` : `/else/${path}`, ...(isOpen && { relative: path }), isOpen, isHome: false, writes: true },
    ],
  });

describe("decide", () => {
  const table: readonly (readonly [ToolLevel, string, string, string, string])[] = [
    // level, ask, auto, unrestricted, strict
    ["auto_read", "allow", "allow", "allow", "allow"],
    ["external_read", "allow", "allow", "allow", "ask"],
    ["state_write", "allow", "allow", "allow", "ask"],
    ["confirm_execute", "ask", "allow", "allow", "ask"],
    ["confirm_write", "ask", "ask", "allow", "ask"],
    ["delegated", "allow", "allow", "allow", "ask"],
    ["interactive", "allow", "allow", "allow", "allow"],
    ["unavailable", "deny", "deny", "deny", "deny"],
  ];

  it.each(table)("%s is %s, %s, %s and strictly %s", (level, ask, auto, unrestricted, strict) => {
    expect(judge({ mode: "ask" }).decide(tool(level))).toBe(ask);
    expect(judge({ mode: "auto" }).decide(tool(level))).toBe(auto);
    expect(judge({ mode: "unrestricted" }).decide(tool(level))).toBe(unrestricted);
    expect(judge({ mode: "unrestricted", config: { permissionPreset: "strict" } }).decide(tool(level))).toBe(strict);
  });

  it("asks in auto for a command that looks destructive, and for a tool of unknown effect", () => {
    const { decide } = judge({ mode: "auto" });
    expect(decide(bash("ls"))).toBe("allow");
    expect(decide(bash("rm x"))).toBe("ask");
    expect(decide(tool("confirm_execute", { isOpaque: true }))).toBe("ask");
  });

  it("takes the first rule that matches, before grants and table", () => {
    const { decide, grants } = judge({
      config: {
        permissions: [
          { tool: "bash", args: { command: ["npm *"] }, action: "allow" },
          { tool: "bash", args: { command: ["npm publish*"] }, action: "deny" },
          { tool: "bash", args: { command: ["git *"] }, action: "ask" },
          { tool: "bash", args: { command: ["rm *"] }, action: "deny" },
        ],
      },
    });
    expect(decide(bash("npm publish"))).toBe("allow");
    grants.add(bash("git status"));
    grants.add(bash("rm a"));
    expect(decide(bash("git status"))).toBe("ask");
    expect(decide(bash("rm a"))).toBe("deny");
  });

  it("never asks in unrestricted, and denies all the same", () => {
    const { decide } = judge({
      mode: "unrestricted",
      config: {
        permissions: [
          { tool: "bash", args: { command: ["rm *"] }, action: "ask" },
          { tool: "bash", args: { command: ["rm -rf *"] }, action: "deny" },
        ],
      },
    });
    expect(decide(bash("rm a"))).toBe("allow");
    expect(decide(bash("rm -rf /"))).toBe("deny");
    expect(decide(at("x", false))).toBe("allow");
  });

  it("asks for a path outside, and denies it to a profile that only reads", () => {
    const outside = at("x", false, "auto_read", "read");
    expect(judge().decide(outside)).toBe("ask");
    expect(judge({ mode: "auto" }).decide(outside)).toBe("ask");
    expect(judge({ isReadOnly: true }).decide(outside)).toBe("deny");
    expect(judge({ isReadOnly: true, mode: "unrestricted" }).decide(outside)).toBe("deny");
    expect(judge({ config: { permissions: [{ tool: "read", args: { path: ["/else/**"] }, action: "allow" }] } }).decide(outside)).toBe(
      "allow",
    );
  });

  it("lets no rule open the daemon's folder or a blocked command", () => {
    const { hardDeny } = judge({
      mode: "unrestricted",
      config: { shell: { blocked: ["curl evil"] }, permissions: [{ tool: "*", action: "allow" }] },
    });
    const home = { ...at("x", true), paths: [{ path: "x", real: "/home/x", isOpen: true, isHome: true, writes: false }] };
    expect(hardDeny(home)).toContain("daemon's own folder");
    expect(hardDeny(bash("ls; curl evil"))).toContain("blocked");
    expect(hardDeny(bash("ls"))).toBeUndefined();
  });
});

describe("grants", () => {
  it.each([
    ["git diff a", "git diff b", true],
    ["git diff a", "git push", false],
    ["ls a", "ls b && ls c", true],
    ["ls a", "ls b && rm c", false],
    ["ls a", "ls $(rm c)", false],
    ["echo a", "echo b > c", false],
    ["npm test", "X=1 npm test", false],
    ["timeout 5 ls", "timeout 5 ls", true],
    ["timeout 5 ls", "timeout 5 rm x", false],
    ["echo 'a", "echo 'a", false],
  ])("of %j covers %j: %j", (granted, command, covered) => {
    const grants = createGrants();
    grants.add(bash(granted));
    expect(grants.cover(bash(command))).toBe(covered);
  });

  it("of one write covers every write inside the workspace and none outside", () => {
    const grants = createGrants();
    grants.add(at("a", true));
    expect(grants.cover(at("b", true))).toBe(true);
    expect(grants.cover(at("c", true, "confirm_write", "create_file"))).toBe(true);
    expect(grants.cover(at("d", false))).toBe(false);
    grants.add(at("d", false));
    expect(grants.cover(at("d", false))).toBe(true);
    expect(grants.cover(at("e", false))).toBe(false);
  });

  it("of another tool covers that tool", () => {
    const grants = createGrants();
    grants.add(tool("confirm_execute", { name: "mcp__a__b" }));
    expect(grants.cover(tool("confirm_execute", { name: "mcp__a__b" }))).toBe(true);
    expect(grants.cover(tool("confirm_execute", { name: "mcp__a__c" }))).toBe(false);
  });
});
