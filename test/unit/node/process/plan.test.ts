import { describe, expect, it } from "vitest";
import { planRun, wantsTerminal } from "../../../../lib/node/process/plan.js";
import type { CommandTemplate, NormalRequest } from "../../../../lib/runs/normal-request.js";

const around = { baseEnv: { PATH: "/bin", SECRET: "s", PASSED: "p" }, cwd: "/daemon", own: { ANODE_RUN_ID: "R-1" } };
const request = (part: Partial<NormalRequest>): NormalRequest => ({
  prompt: "Say hi",
  prompt_given: true,
  profile: "craft",
  approval_mode: "ask",
  key: "k",
  priority: 0,
  ...part,
});
const plan = (part: Partial<NormalRequest>) => planRun(request(part), around);
const template = (part: Partial<CommandTemplate> = {}): Partial<NormalRequest> => ({
  command: "c",
  template: { argv: ["tool", "-v"], ...part },
});

describe("planRun", () => {
  it("starts argv as it is, the shell with its text as one argument", () => {
    expect(plan({ argv: ["ls", "$HOME; rm"] }).argv).toEqual(["ls", "$HOME; rm"]);
    expect(plan({ shell: "echo $HOME | cat" }).argv).toEqual(["/bin/sh", "-c", "echo $HOME | cat"]);
  });

  it.each<[CommandTemplate["prompt_via"], string[], string | undefined]>([
    [undefined, ["tool", "-v"], "Say hi"],
    ["stdin", ["tool", "-v"], "Say hi"],
    ["arg", ["tool", "-v", "--", "Say hi"], undefined],
    ["none", ["tool", "-v"], undefined],
  ])("hands the prompt to a command via %s", (prompt_via, argv, input) => {
    const { argv: planned, input: written } = plan(template(prompt_via && { prompt_via }));
    expect([planned, written]).toEqual([argv, input]);
  });

  it("never takes a prompt for an option", () => {
    expect(plan({ ...template({ prompt_via: "arg" }), prompt: "--version" }).argv.slice(-2)).toEqual(["--", "--version"]);
  });

  it("hands over no prompt that nobody gave", () => {
    const { prompt_given: _given, ...displayed } = request({ ...template({ prompt_via: "arg" }), prompt: "tool -v" });
    expect(planRun(displayed, around)).toMatchObject({ argv: ["tool", "-v"] });
    expect(planRun(displayed, around)).not.toHaveProperty("input");
    expect(planRun(request({ argv: ["cat"], prompt_given: false }), around)).not.toHaveProperty("input");
  });

  it("writes stdin before the prompt's turn, an empty one too", () => {
    expect(plan({ argv: ["cat"], stdin: "raw" }).input).toBe("raw");
    expect(plan({ argv: ["cat"], stdin: "" }).input).toBe("");
  });

  it("makes the prompt a line for a program that goes on listening", () => {
    expect(plan(template({ input: true }))).toMatchObject({ interactive: true, terminal: false, input: "Say hi\n" });
    expect(plan({ ...template({ pty: true }), prompt: "line\n" })).toMatchObject({ interactive: true, terminal: true, input: "line\n" });
    expect(plan(template())).toMatchObject({ interactive: false, terminal: false });
  });

  it("works in the request's folder, else the command's, else the daemon's", () => {
    expect(plan({ ...template({ cwd: "/tool" }), cwd: "/asked" }).cwd).toBe("/asked");
    expect(plan(template({ cwd: "/tool" })).cwd).toBe("/tool");
    expect(plan(template()).cwd).toBe("/daemon");
  });

  it("composes the environment of allow-list, command, request and ours", () => {
    const { env } = plan({ ...template({ env_pass: ["PASSED"], env: { A: "command", B: "command" } }), env: { B: "request" } });
    expect(env).toEqual({ PATH: "/bin", PASSED: "p", A: "command", B: "request", ANODE_RUN_ID: "R-1" });
  });

  it("knows which exit codes are success and whether lines are events", () => {
    expect(plan(template())).toMatchObject({ successCodes: [0], speaksEvents: false });
    expect(plan(template({ success_exit_codes: [0, 3], output: "events" }))).toMatchObject({ successCodes: [0, 3], speaksEvents: true });
  });

  it("refuses a request without a command", () => {
    expect(() => plan({})).toThrow(expect.objectContaining({ code: "unknown_command" }));
  });
});

describe("wantsTerminal", () => {
  it("follows the request before its command", () => {
    expect(wantsTerminal(request(template({ pty: true })))).toBe(true);
    expect(wantsTerminal(request({ ...template({ pty: true }), pty: false }))).toBe(false);
    expect(wantsTerminal(request({ argv: ["sh"], pty: true }))).toBe(true);
    expect(wantsTerminal(request({ argv: ["sh"] }))).toBe(false);
  });
});
