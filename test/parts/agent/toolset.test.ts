import { readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../lib/agent/config-schema.js";
import type { ToolsetOptions } from "../../../lib/agent/toolset.js";
import { type AgentRoom, openAgentRoom } from "../../support/agent-room.js";
import { type OpenedToolset, openTestToolset } from "../../support/open-toolset.js";

let agent: AgentRoom;
let opened: OpenedToolset[];
beforeEach(async () => {
  agent = await openAgentRoom();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((toolset) => toolset.close()));
  await agent.close();
});

async function open(config: AgentConfig = {}, rest: Partial<ToolsetOptions> = {}): Promise<OpenedToolset> {
  const toolset = await openTestToolset(agent, config, rest);
  opened.push(toolset);
  return toolset;
}

/** What the model is told. */
async function run(toolset: OpenedToolset, name: string, args: Record<string, unknown>): Promise<string> {
  return (await toolset.run(name, args)).text;
}

describe("openToolset", { timeout: 30_000 }, () => {
  it("gives craft every built-in tool that can work but those for messages", async () => {
    const { tools } = await open();
    expect(tools.map(({ name }) => name)).toEqual([
      "read",
      "multi_read",
      "finder",
      "glob",
      "grep",
      "bash",
      "edit_file",
      "create_file",
      "apply_patch",
      "todo_read",
      "todo_write",
      "task_list",
      "task",
      "oracle",
      "code_review",
      "web_search",
      "ask_user",
    ]);
  });

  it("takes everything above external_read from a read-only profile", async () => {
    const { tools } = await open({}, { profile: { tools: ["todo_read", "todo_write", "ask_user", "web_search", "bash"], readOnly: true } });
    expect(tools.map(({ name }) => name)).toEqual(["todo_read", "web_search"]);
  });

  it("gives no more than profile, request and configuration all allow", async () => {
    await agent.close();
    agent = await openAgentRoom({ request: { tools: ["read", "g*", "shell_command"] } });
    const { tools } = await open(
      { tools: { disabled: ["gre?"] } },
      { profile: { tools: ["read", "glob", "grep", "bash", "edit_file"], readOnly: false } },
    );
    expect(tools.map(({ name }) => name)).toEqual(["read", "glob", "bash"]);
  });

  it("denies a tool that is not in the registry, unasked", async () => {
    const toolset = await open({}, { profile: { tools: ["read"], readOnly: false } });
    expect(await run(toolset, "bash", { command: "true" })).toBe("denied: unknown tool bash");
    expect(agent.questions).toEqual([]);
  });

  it("edits a file that was read, after an approval that shows the diff", async () => {
    const toolset = await open();
    await agent.write("a.txt", "one\ntwo\n");
    expect(await run(toolset, "read", { path: "a.txt" })).toBe("     1\tone\n     2\ttwo");
    agent.answers.push("allow_once");
    expect(await run(toolset, "edit_file", { path: "a.txt", old_str: "two", new_str: "three" })).toContain("+three");
    expect(await readFile(join(agent.root, "a.txt"), "utf8")).toBe("one\nthree\n");
    expect(agent.questions).toMatchObject([
      {
        kind: "choice",
        scope: "tool_permission",
        options: [{ id: "allow_once" }, { id: "allow_always" }, { id: "deny" }],
        tool: { call_id: "c1", name: "edit_file", level: "confirm_write", args: { path: "a.txt" }, title: "a.txt" },
        metadata: { rule: { tool: "edit_file", args: { path: ["a.txt"] }, action: "allow" } },
      },
    ]);
    expect(agent.questions[0]?.tool?.diff).toContain("-two\n+three");
    expect(agent.run.of("file.changed")).toMatchObject([
      { payload: { path: "a.txt", change: "modified", call_id: "c1", added: 1, removed: 1 } },
    ]);
  });

  it("runs nothing that was not allowed", async () => {
    const toolset = await open();
    agent.answers.push({ decision: "deny", option_id: "deny", reason: "denied", message: "not now" });
    expect(await run(toolset, "bash", { command: "touch made" })).toBe("denied: not now");
    expect(await run(toolset, "bash", { command: "touch made" })).toBe("denied: no_approver");
    await expect(readFile(join(agent.root, "made"))).rejects.toThrow("ENOENT");
  });

  it("runs an allowed command and tells of its exit", async () => {
    const toolset = await open({ permissions: [{ tool: "bash", action: "allow" }] });
    expect(await run(toolset, "bash", { command: "echo out; echo err >&2; exit 3" })).toBe("out\nerr\n[exit code 3]");
  });

  it("denies when the question itself fails", async () => {
    const toolset = await open({}, { context: { ...agent.context, ask: () => Promise.reject(new Error("the desk is gone")) } });
    expect(await run(toolset, "bash", { command: "rm x" })).toBe("denied: it could not be judged: the desk is gone");
  });

  it("uses no other file than the one that was judged, however its name is turned meanwhile", async () => {
    const toolset = await open({ permissions: [{ tool: "read", args: { path: ["secret/**"] }, action: "deny" }] });
    await agent.write("secret/key", "secret\n");
    await agent.write("plain", "plain\n");
    expect(await run(toolset, "read", { path: "secret/key" })).toBe("denied: a permission rule forbids it");
    const call = { call_id: "c1", name: "read", args: { path: "plain" } };
    expect(await toolset.authorize(call)).toEqual({ allow: true });
    await rm(join(agent.root, "plain"));
    await symlink("secret/key", join(agent.root, "plain"));
    const read = toolset.tools.find(({ name }) => name === "read");
    expect((await read?.execute(call.args, agent.call("c1")))?.text).toBe("error: denied: plain leads elsewhere than when it was allowed");
    expect(await run(toolset, "read", { path: "plain" })).toBe("denied: a permission rule forbids it");
  });

  it("reads outside the workspace after an approval, and only what was approved", async () => {
    const toolset = await open();
    await agent.write("../outside/a", "outside\n");
    agent.answers.push("allow_once");
    expect(await run(toolset, "read", { path: "../outside/a" })).toBe("     1\toutside");
    expect(await run(toolset, "read", { path: "../outside/a" })).toBe("denied: no_approver");
    agent.answers.push("allow_always");
    expect(await run(toolset, "read", { path: "../outside/a" })).toBe("     1\toutside");
    expect(await run(toolset, "read", { path: "../outside/a" })).toBe("     1\toutside");
    expect(await run(toolset, "read", { path: "../outside/b" })).toBe("denied: no_approver");
    expect(await run(toolset, "read", { path: "../home/hooks.json" })).toBe("denied: ../home/hooks.json is in the daemon's own folder");
    expect(agent.questions).toHaveLength(4);
  });

  it("allows nothing after the end of the run, whatever was answered", async () => {
    const toolset = await open(
      {},
      {
        context: {
          ...agent.context,
          ask: async () => (agent.run.abort(), { outcome: "answered", decision: "allow", option_id: "allow_once" }),
        },
      },
    );
    expect(await run(toolset, "bash", { command: "rm x" })).toBe("denied: canceled");
  });

  it("refuses a run whose hooks cannot be read as meant", async () => {
    await agent.write("../home/hooks.json", `{"hooks":{"PreToolUse":[{"matcher":"(","hooks":[{"type":"command","command":"true"}]}]}}`);
    await expect(open()).rejects.toMatchObject({ code: "executor_error" });
  });
});
