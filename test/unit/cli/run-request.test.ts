import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../../adapters/cli/command-line.js";
import { toRunRequest } from "../../../adapters/cli/run-request.js";

const request = (...args: string[]): object => toRunRequest(readCommandLine(["runs", "start", ...args]), { cwd: "/srv/here", env: {} });

describe("toRunRequest", () => {
  it("joins words with one space and sends no other field", () => {
    expect(request("investigate", "flaky  tests")).toEqual({ prompt: "investigate flaky  tests" });
    expect(request("--", "--not-a-flag", "x")).toEqual({ prompt: "--not-a-flag x" });
    expect(request()).toEqual({});
  });

  it("sends a field for each flag that was given", () => {
    const flags = ["--profile", "study", "--model", "openai/gpt-5.5", "--max-turns", "10", "--approval", "auto", "--run-label", "007"];
    expect(request(...flags, "summarize failures")).toEqual({
      prompt: "summarize failures",
      profile: "study",
      model: "openai/gpt-5.5",
      max_turns: 10,
      approval_mode: "auto",
      run_label: "007",
    });
  });

  it("sends the flags of the queue, the tree and the budget", () => {
    const flags = ["--parent", "R-1", "--cancel-policy", "detach", "--key", "k", "--priority", "-3", "--keep-open", "--session", "S"];
    const limits = ["--budget", "wall_ms=60000", "--budget", "cost_usd=0.5", "--approval-timeout-ms", "2000", "--unattended", "deny"];
    expect(request(...flags, ...limits, "x")).toEqual({
      prompt: "x",
      parent_id: "R-1",
      cancel_policy: "detach",
      key: "k",
      priority: -3,
      keep_open: true,
      session_id: "S",
      budget: { wall_ms: 60_000, cost_usd: 0.5 },
      approval: { timeout_ms: 2000, unattended: "deny" },
    });
  });

  it("sends the words behind the dashes as argv, and those before them as the prompt", () => {
    expect(request("--exec", "--", "npm", "test", "--", "-x")).toEqual({ argv: ["npm", "test", "--", "-x"] });
    expect(request("--exec", "feed this", "--", "cat")).toEqual({ argv: ["cat"], prompt: "feed this" });
    expect(request("--command", "nightly")).toEqual({ command: "nightly" });
  });

  it("makes a folder absolute", () => {
    expect(request("--cwd", "../there", "x")).toEqual({ prompt: "x", cwd: "/srv/there" });
  });

  it("names the run it is typed in as the parent, unless another is named", () => {
    const inside = (...args: string[]): object =>
      toRunRequest(readCommandLine(["runs", "start", ...args]), { cwd: "/", env: { ANODE_RUN_ID: "R-outer" } });
    expect(inside("x")).toEqual({ prompt: "x", parent_id: "R-outer" });
    expect(inside("--parent", "R-other", "x")).toEqual({ prompt: "x", parent_id: "R-other" });
  });

  it.for(["wall_ms", "wall_ms=", "wall_ms=-1", "wall_ms=1e3", "=5", "wall ms=5"])("refuses the budget %j", (budget) => {
    expect(() => request("--budget", budget, "x")).toThrow("--budget must be name=number");
  });

  it("refuses a budget that is given twice", () => {
    expect(() => request("--budget", "events=1", "--budget", "events=2", "x")).toThrow("--budget events is given twice");
  });

  it("joins the tools of all lists, each once, and refuses a list with a hole", () => {
    const execute = (...args: string[]): object => toRunRequest(readCommandLine(["execute", ...args]), { cwd: "/", env: {} });
    expect(execute("--allow-tool", "read, g*", "--allow-tool=bash,read", "x")).toEqual({ prompt: "x", tools: ["read", "g*", "bash"] });
    expect(() => execute("--allow-tool", "read,", "x")).toThrow("--allow-tool must be names or globs");
  });
});
