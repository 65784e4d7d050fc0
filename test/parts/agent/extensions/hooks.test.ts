import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHookFile } from "../../../../lib/agent/hooks/hook-file.js";
import { createTrust } from "../../../../lib/agent/trust.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { openTestToolset, type OpenedToolset } from "../../../support/open-toolset.js";

let agent: AgentRoom;
let toolset: OpenedToolset | undefined;
beforeEach(async () => {
  agent = await openAgentRoom({ request: { approval_mode: "unrestricted" } });
});
afterEach(async () => {
  await toolset?.close();
  toolset = undefined;
  await agent.close();
});

type HookSpec = { event?: string; command: string; matcher?: string; timeout?: number; on_error?: string };

async function write(path: string, ...hooks: HookSpec[]): Promise<void> {
  const events: Record<string, unknown[]> = {};
  for (const { event = "PreToolUse", matcher, ...hook } of hooks) {
    (events[event] ??= []).push({ ...(matcher !== undefined && { matcher }), hooks: [{ type: "command", ...hook }] });
  }
  await agent.write(path, JSON.stringify({ hooks: events }));
}

const inHome = (...hooks: HookSpec[]) => write("../home/hooks.json", ...hooks);
const open = async () => (toolset = await openTestToolset(agent));
const results = () =>
  agent.run.of("hook.result").map(({ payload: { duration_ms, ...rest } }) => (expect(duration_ms).toBeTypeOf("number"), rest));

describe("hooks", { timeout: 30_000 }, () => {
  it("get the call on their input and let it pass with exit 0", async () => {
    await inHome({ command: "cat > $PWD/seen.json" });
    const { run } = await open();
    expect((await run("bash", { command: "echo hi" })).text).toBe("hi");
    expect(JSON.parse(await readFile(join(agent.root, "seen.json"), "utf8"))).toEqual({
      event: "PreToolUse",
      run_id: agent.context.run.id,
      workspace_root: agent.root,
      tool_name: "bash",
      tool_args: { command: "echo hi" },
      command: "echo hi",
    });
    expect(results()).toEqual([{ event: "PreToolUse", command: "cat > $PWD/seen.json", exit_code: 0, decision: "allow" }]);
  });

  it("tell the file of a file tool, and the result after a call", async () => {
    await inHome({ event: "PostToolUse", command: 'cat > seen.json; echo \'{"decision":"reject","reason":"look again"}\'' });
    const { hook } = await open();
    expect(
      await hook("PostToolUse", { tool_name: "shell_command", tool_args: { path: "a.txt" }, ok: true, output: "x".repeat(70_000) }),
    ).toEqual({ reject: "look again" });
    const seen = JSON.parse(await readFile(join(agent.root, "seen.json"), "utf8")) as Record<string, unknown>;
    expect(seen).toMatchObject({ tool_name: "bash", file_path: "a.txt", ok: true });
    expect(seen["output"]).toHaveLength(65_536);
  });

  it.each<[string, string]>([
    ["echo 'not today' >&2; exit 2", "not today"],
    ['echo \'{"decision":"reject","reason":"by decision"}\'', "by decision"],
    ["exit 3", "it failed: exit code 3"],
    ["echo broken >&2; exit 1", "it failed: broken"],
    ["echo not json", "its output is not JSON"],
    ['echo \'{"decision":"maybe"}\'', "its output is not a decision"],
  ])("%s denies a call: %s", async (command, reason) => {
    await inHome({ command });
    const { run } = await open();
    expect((await run("bash", { command: "touch made" })).text).toBe(`denied: ${reason}`);
    expect(existsSync(join(agent.root, "made"))).toBe(false);
  });

  it("may go on after an error where that is said, and elsewhere do by themselves", async () => {
    await inHome(
      { command: "exit 3", on_error: "continue" },
      { event: "UserPromptSubmit", command: "exit 3" },
      { event: "SessionStart", command: "exit 3", on_error: "reject" },
    );
    const { hook, run } = await open();
    expect((await run("bash", { command: "echo hi" })).text).toBe("hi");
    expect(await hook("UserPromptSubmit", { prompt: "x" })).toEqual({});
    expect(await hook("SessionStart", {})).toEqual({ reject: "it failed: exit code 3" });
    expect(results().map(({ decision }) => decision)).toEqual(["error", "error", "error"]);
  });

  it("are ended with their tree when they take too long", async () => {
    await inHome({ command: "sleep 600 & sleep 601", timeout: 0.3 });
    const { run } = await open();
    expect((await run("bash", { command: "echo hi" })).text).toBe("denied: it took longer than 0.3 s");
  });

  it("run one after the other, and the first that rejects ends the chain", async () => {
    await inHome({ command: "echo 1 >> order; exit 0" }, { command: "echo 2 >> order; exit 2" }, { command: "echo 3 >> order" });
    const { run } = await open();
    await run("bash", { command: "true" });
    expect(await readFile(join(agent.root, "order"), "utf8")).toBe("1\n2\n");
  });

  it("are for tools whose whole name their matcher fits", async () => {
    await inHome(
      { matcher: "edit", command: "echo edit >> ran" },
      { matcher: "edit_file|bash", command: "echo either >> ran" },
      { matcher: "a|ba", command: "echo part >> ran" },
    );
    const { run } = await open();
    await run("bash", { command: "true" });
    expect(await readFile(join(agent.root, "ran"), "utf8")).toBe("either\n");
  });

  it("hand words to the model, with the result of the call they were said about", async () => {
    await inHome(
      { command: 'echo \'{"context":"mind the gap"}\'' },
      { event: "UserPromptSubmit", command: 'echo \'{"context":"a"}\'' },
      { event: "UserPromptSubmit", command: 'echo \'{"context":"b"}\'' },
    );
    const { hook, run } = await open();
    expect((await run("bash", { command: "echo hi" })).text).toBe("hi\n\nmind the gap");
    expect(await hook("UserPromptSubmit", { prompt: "x" })).toEqual({ context: "a\n\nb" });
  });

  it("never allow what has to be asked", async () => {
    await agent.close();
    agent = await openAgentRoom({ request: { approval_mode: "ask" } });
    await inHome({ command: 'echo \'{"decision":"allow"}\'' });
    const { run } = await open();
    expect((await run("bash", { command: "touch made" })).text).toBe("denied: no_approver");
    expect(agent.questions).toHaveLength(1);
  });

  it("see no call that is closed anyway", async () => {
    await inHome({ command: "touch ran" });
    toolset = await openTestToolset(agent, { shell: { blocked: ["evil"] } });
    expect((await toolset.run("bash", { command: "evil" })).text).toContain("blocked");
    expect(existsSync(join(agent.root, "ran"))).toBe(false);
  });

  it("of a workspace run only when it is trusted, after those of the home", async () => {
    await inHome({ command: "echo home >> order" });
    await write(".anode/hooks.json", { command: "echo folder >> order" });
    await write("hooks.json", { command: "echo file >> order" });
    await (await open()).run("bash", { command: "true" });
    expect(await readFile(join(agent.root, "order"), "utf8")).toBe("home\n");
    expect(agent.run.of("system.notice")).toMatchObject([{ payload: { level: "warning", code: "hooks_untrusted" } }]);
    await createTrust(agent.home).add(agent.root, "2026-01-01T00:00:00Z");
    await toolset?.close();
    await (await open()).run("bash", { command: "true" });
    expect(await readFile(join(agent.root, "order"), "utf8")).toBe("home\nhome\nfolder\nfile\n");
  });

  it("of the end run after the run was aborted", async () => {
    await inHome({ event: "SessionEnd", command: "cat > end.json" });
    const { hook } = await open();
    agent.run.abort();
    await hook("SessionEnd", { status: "canceled" });
    expect(JSON.parse(await readFile(join(agent.root, "end.json"), "utf8"))).toMatchObject({ event: "SessionEnd", status: "canceled" });
  });
});

describe("readHookFile", () => {
  it.each<[string, string]>([
    ["not JSON", "is not JSON"],
    ['{"hooks":{"Never":[]}}', "Never"],
    ['{"hooks":{"PreToolUse":[{"matcher":"(","hooks":[]}]}}', "hooks.PreToolUse.0.matcher must be a regular expression"],
    ['{"hooks":{"PreToolUse":[{"matcher":"a)|(b","hooks":[]}]}}', "must be a regular expression"],
    ['{"hooks":{"PreToolUse":[{"hooks":[{"type":"http","command":"x"}]}]}}', "hooks.PreToolUse.0.hooks.0.type"],
    ['{"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"x","timeout":0}]}]}}', "timeout"],
    ["{}", "hooks"],
  ])("refuses %s", async (text, named) => {
    const path = await agent.write("bad.json", text);
    await expect(readHookFile(path)).rejects.toThrow(named);
  });

  it("finds none where there is no file", async () => {
    expect(await readHookFile(join(agent.root, "none.json"))).toEqual([]);
  });
});
