import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createContainment } from "../../../../lib/node/index.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { openTestToolset, type OpenedToolset } from "../../../support/open-toolset.js";

let agent: AgentRoom;
let toolset: OpenedToolset | undefined;
beforeEach(async () => {
  timeout = 20_000;
  agent = await openAgentRoom({ request: { approval_mode: "unrestricted" } });
});
afterEach(async () => {
  await toolset?.close();
  toolset = undefined;
  await agent.close();
});

const fixture = resolve("test/support/plugin.mjs");
const containment = createContainment({ storeId: "plugin-test" });

let timeout: number;
async function open(...behaviors: string[]): Promise<OpenedToolset> {
  const processes = behaviors.map((behavior) => ({ command: process.execPath, args: [fixture, behavior, join(agent.folder, "log")] }));
  toolset = await openTestToolset(agent, { plugins: { processes, timeout } }, { containment });
  return toolset;
}

const ours = () => toolset?.tools.filter(({ name }) => name.startsWith("plugin__")) ?? [];
const notices = () => agent.run.of("system.notice").map(({ payload }) => `${String(payload["code"])}: ${String(payload["text"])}`);
const alive = () => {
  const table = containment.table.read();
  return table.processes.filter(({ pid, state }) => state !== "Z" && table.cookie(pid)?.startsWith(`plugin-test.${agent.context.run.id}.`));
};

describe("plugins", { timeout: 30_000 }, () => {
  it("offer tools of the levels they claim, as far as those may be claimed", async () => {
    await open("good");
    expect(ours()).toMatchObject([
      { name: "plugin__Good_One__echo", description: `in ${agent.root}`, level: "confirm_execute", opaque: true },
      { name: "plugin__Good_One__look", level: "auto_read" },
      { name: "plugin__Good_One__slow", level: "confirm_execute" },
    ]);
  });

  it("execute tools, and their errors are results", async () => {
    const { run } = await open("good");
    expect(await run("plugin__Good_One__echo", { a: 1 })).toMatchObject({ ok: true, text: '{"a":1}', output: { a: 1 } });
    expect(await run("plugin__Good_One__look", {})).toMatchObject({ ok: true, text: "looked" });
    expect(await run("plugin__Good_One__echo", { fail: true })).toMatchObject({ ok: false, text: "error: failed: it failed" });
  });

  it("hook into calls", async () => {
    const { run } = await open("good");
    expect((await run("bash", { command: "true" })).text).toBe("denied: no shell today");
    expect((await run("todo_read", {})).ok).toBe(true);
    expect(agent.run.of("hook.result").map(({ payload }) => [payload["command"], payload["decision"]])).toEqual([
      ["plugin Good One", "reject"],
      ["plugin Good One", "allow"],
    ]);
  });

  it("are told that a call ended, and shut down with the run", async () => {
    const { close, run } = await open("good");
    const call = run("plugin__Good_One__slow", {});
    while (!(await readFile(join(agent.folder, "log"), "utf8")).includes("tool.execute")) await new Promise(setImmediate);
    agent.run.abort();
    await expect(call).rejects.toMatchObject({ code: "canceled" });
    await close();
    expect(alive()).toEqual([]);
  });

  it("are asked to shut down", async () => {
    const { close } = await open("good");
    await close();
    expect((await readFile(join(agent.folder, "log"), "utf8")).split("\n")).toEqual(["initialize", "shutdown", ""]);
    expect(notices()).toEqual([]);
    expect(alive()).toEqual([]);
  });

  it.each<[string, RegExp]>([
    ["nameless", /its answer to initialize is wrong/],
    ["garbage", /no JSON-RPC message/],
  ])("are left out when they begin like this: %s", async (behavior, why) => {
    await open(behavior, "good");
    expect(ours()).toHaveLength(3);
    expect(notices().join("\n")).toMatch(why);
    await toolset?.close();
    expect(alive()).toEqual([]);
  });

  it("are left out when there is no such command", async () => {
    toolset = await openTestToolset(agent, { plugins: { processes: [{ command: "/no/such/plugin" }] } });
    expect(notices().join("\n")).toMatch(/plugin_failed: The plugin \/no\/such\/plugin is left out: .*ENOENT/);
  });

  it.each<[string, RegExp]>([
    ["crash-in-hook", /it left with exit code 3/],
    ["hang-in-hook", /it did not answer hook within 3000 ms/],
  ])("deny the call in whose hook they are lost, and are not asked again: %s", async (behavior, why) => {
    if (behavior === "hang-in-hook") timeout = 3_000;
    const { run } = await open(behavior);
    expect((await run("todo_read", {})).text).toMatch(/^denied: /);
    expect((await run("todo_read", {})).ok).toBe(true);
    expect((await run("plugin__Good_One__look", {})).text).toBe("error: unavailable: the plugin Good One is disabled for this run");
    expect(notices()).toHaveLength(1);
    expect(notices()[0]).toMatch(/^plugin_lost: /);
    expect(notices()[0]).toMatch(why);
  });
});
