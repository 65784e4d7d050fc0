import { describe, expect, it } from "vitest";
import type { PermissionRule } from "../../../../lib/agent/config-schema.js";
import type { JudgedCall, JudgedPath } from "../../../../lib/agent/permissions/judged-call.js";
import { canonicalName, ruleMatcher } from "../../../../lib/agent/permissions/rules.js";
import { suggestRule } from "../../../../lib/agent/permissions/suggest-rule.js";
import { textGlob } from "../../../../lib/text-glob.js";

const root = "/home/me/project";

function inside(relative: string, writes = true): JudgedPath {
  return { path: relative, real: `${root}/${relative}`, relative, isOpen: true, isHome: false, writes };
}

function outside(real: string): JudgedPath {
  return { path: real, real, isOpen: false, isHome: false, writes: true };
}

function call(name: string, args: Record<string, unknown>, paths: readonly JudgedPath[] = []): JudgedCall {
  return { call_id: "c1", name, level: "confirm_execute", isOpaque: false, args, paths };
}

const bash = (command: string): JudgedCall => call("bash", { command });
const edit = (path: JudgedPath): JudgedCall => call("edit_file", { path: path.path }, [path]);

function matches(rule: Partial<PermissionRule> & Pick<PermissionRule, "tool">, of: JudgedCall): boolean {
  return ruleMatcher({ action: "allow", ...rule })(of);
}

describe("textGlob", () => {
  it.each([
    ["npm test*", "npm test -- x", true],
    ["npm test*", "npm tests", true],
    ["npm test*", "run npm test", false],
    ["*", "a\nb", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a.c", "abc", false],
    ["a*b*c", "a.b.b.c", true],
    ["[a]", "[a]", true],
    ["(x|y)", "x", false],
    ["********************x", "a".repeat(1000), false],
  ])("%j over %j is %j", (pattern, text, expected) => {
    expect(textGlob(pattern)(text)).toBe(expected);
  });
});

describe("ruleMatcher", () => {
  it("matches the tool by a glob over its whole name, aliases included", () => {
    expect(matches({ tool: "mcp__git*" }, call("mcp__github__x", {}))).toBe(true);
    expect(matches({ tool: "bas" }, bash("ls"))).toBe(false);
    expect(matches({ tool: "shell_command" }, bash("ls"))).toBe(true);
    expect(canonicalName("shell_command")).toBe("bash");
    expect(canonicalName("constructor")).toBe("constructor");
  });

  it("needs every named argument, and an absent one does not match", () => {
    const rule = { tool: "x", args: { a: ["1*", "2"], b: ["*"] } };
    expect(matches(rule, call("x", { a: "11", b: "y" }))).toBe(true);
    expect(matches(rule, call("x", { a: "3", b: "y" }))).toBe(false);
    expect(matches(rule, call("x", { a: "2" }))).toBe(false);
    expect(matches({ tool: "x", args: { n: ["5"], constructor: ["*"] } }, call("x", { n: 5 }))).toBe(false);
    expect(matches({ tool: "x", args: { n: ["5"] } }, call("x", { n: 5 }))).toBe(true);
  });

  it.each([
    ["migrations/**", "migrations/a/b.sql", true],
    ["migrations/**", "src/migrations/b.sql", false],
    ["migrations/*", "migrations/a/b.sql", false],
    ["*.ts", "a.ts", true],
    ["*.ts", "src/a.ts", false],
    ["**/*.ts", "a.ts", true],
    ["**/.env", "a/.env", true],
    ["src/?.ts", "src/a.ts", true],
    ["./src/**", "src/a.ts", true],
    ["/home/me/project/**", "src/a.ts", true],
    ["!src/**", "lib/a.ts", false],
    ["{a,b}.ts", "a.ts", false],
  ])("path glob %j over %j is %j", (glob, path, expected) => {
    expect(matches({ tool: "edit_file", args: { path: [glob] } }, edit(inside(path)))).toBe(expected);
  });

  it("matches a path outside the workspace by an absolute glob only", () => {
    const path = outside("/etc/passwd");
    expect(matches({ tool: "*", args: { path: ["**"] } }, edit(path))).toBe(false);
    expect(matches({ tool: "*", args: { path: ["../**"] } }, edit(path))).toBe(false);
    expect(matches({ tool: "*", args: { path: ["/etc/*"] } }, edit(path))).toBe(true);
  });

  it("judges by where a path leads, not by how it is written", () => {
    const sneaky = { ...inside("secret/key"), path: "docs/../secret/key" };
    expect(matches({ tool: "*", args: { path: ["docs/**"] } }, edit(sneaky))).toBe(false);
    expect(matches({ tool: "*", args: { path: ["secret/**"] }, action: "deny" }, edit(sneaky))).toBe(true);
  });

  it("wants all paths of a call allowed, and one is enough to deny", () => {
    const both = call("multi_read", { paths: ["a/x", "b/x"] }, [inside("a/x"), inside("b/x")]);
    expect(matches({ tool: "*", args: { paths: ["a/**"] } }, both)).toBe(false);
    expect(matches({ tool: "*", args: { paths: ["a/**", "b/**"] } }, both)).toBe(true);
    expect(matches({ tool: "*", args: { paths: ["a/**"] }, action: "deny" }, both)).toBe(true);
    const patch = call("apply_patch", { patch: "…" }, [inside("a/x"), inside("b/x")]);
    expect(matches({ tool: "*", args: { path: ["a/**"] } }, patch)).toBe(false);
    expect(matches({ tool: "*", args: { path: ["a/**"] }, action: "deny" }, patch)).toBe(true);
  });

  it.each([
    ["npm test*", "npm test", true],
    ["npm test*", "npm test && rm x", false],
    ["npm test*", "npm test; npm test -- x", true],
    ["npm test*", "npm test $(rm x)", false],
    ["npm test*", "npm test `rm x`", false],
    ["npm test*", "npm test | tee x", false],
    ["npm test*", "npm test > x", false],
    ["npm test*", "npm test 2>&1", true],
    ["npm test*", "npm test > /dev/null", true],
    ["npm test > *", "npm test > x", true],
    ["npm test*", "X=1 npm test", false],
    ["npm test*", "(npm test)", true],
    ["npm test*", "npm test 'a", false],
    ["*", "npm test 'a", false],
    ["npm test*", "npm test 'a\nb'", false],
    ["npm test*", "", false],
  ])("an allow of %j over the command %j is %j", (glob, command, expected) => {
    expect(matches({ tool: "bash", args: { command: [glob] } }, bash(command))).toBe(expected);
  });

  it.each([
    ["rm *", "ls && rm x", true],
    ["rm *", "'rm' x", true],
    ["rm *", "r\\m x", true],
    ["rm *", "env A=1 rm x", true],
    ["rm *", "echo $(rm x)", true],
    ["* && rm*", "ls && rm x", true],
    ["rm *", "ls", false],
    ["echo*", "echo 'a", true],
  ])("a deny of %j over the command %j is %j", (glob, command, expected) => {
    expect(matches({ tool: "bash", args: { command: [glob] }, action: "deny" }, bash(command))).toBe(expected);
    expect(matches({ tool: "bash", args: { command: [glob] }, action: "ask" }, bash(command))).toBe(expected);
  });
});

describe("suggestRule", () => {
  const commandRule = (...globs: string[]) => ({ tool: "bash", args: { command: globs }, action: "allow" });

  it.each([
    ["npm test", commandRule("npm test")],
    ["npm test -- --x", commandRule("npm test *")],
    ["git diff HEAD && ls -la", commandRule("git diff *", "ls *")],
    ["git -C x push", commandRule("git -C x push")],
    ["X=1 npm test", commandRule("X=1 npm test")],
    ["timeout 5 npm test", commandRule("timeout 5 npm test")],
    ["npm test > log", commandRule("npm test > log")],
    ["echo $(date)", commandRule("date", "echo *")],
  ])("the command %j gets %j", (command, rule) => {
    expect(suggestRule(bash(command))).toEqual(rule);
  });

  it("gives no rule for what cannot be split", () => {
    expect(suggestRule(bash("echo 'a"))).toBeUndefined();
    expect(suggestRule(bash("f() { ls; }"))).toBeUndefined();
  });

  it("names the paths of a file tool, else the tool", () => {
    expect(suggestRule(edit(inside("a/b.ts")))).toEqual({ tool: "edit_file", args: { path: ["a/b.ts"] }, action: "allow" });
    expect(suggestRule(edit(outside("/etc/x")))).toEqual({ tool: "edit_file", args: { path: ["/etc/x"] }, action: "allow" });
    expect(suggestRule(call("mcp__a__b", { x: 1 }))).toEqual({ tool: "mcp__a__b", action: "allow" });
  });

  it("means the path alone, whatever signs it has", () => {
    const rule = suggestRule(edit(inside("a/[x]*.ts")));
    expect(rule).toMatchObject({ args: { path: ["a/\\[x\\]\\*.ts"] } });
    expect(matches(rule as PermissionRule, edit(inside("a/[x]*.ts")))).toBe(true);
    expect(matches(rule as PermissionRule, edit(inside("a/xy.ts")))).toBe(false);
  });
});
