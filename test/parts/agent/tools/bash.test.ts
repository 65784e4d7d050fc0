import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import type { ToolResult } from "../../../../lib/agent/tool.js";
import { createBashTool } from "../../../../lib/agent/tools/bash.js";
import { createContainment } from "../../../../lib/node/index.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
afterEach(() => agent.close());

async function bash(
  args: Record<string, unknown>,
  config: AgentConfig = {},
  env?: Record<string, string | undefined>,
): Promise<ToolResult> {
  agent = await openAgentRoom({ config, ...(env && { env }) });
  return agent.use(createBashTool(agent.room), args);
}

/** What is still alive of the run's processes. */
function left(): string[] {
  const table = createContainment({ storeId: "agent-test" }).table.read();
  const cookie = `agent-test.${agent.context.run.id}.`;
  return table.processes.filter(({ pid, state }) => state !== "Z" && table.cookie(pid)?.startsWith(cookie)).map(({ name }) => name);
}

describe("bash", { timeout: 30_000 }, () => {
  it("gives both streams in the order in which they were written, and shows them while they come", async () => {
    const result = await bash({ command: "for i in 1 2 3; do echo o$i; echo e$i >&2; done" });
    expect(result).toMatchObject({ ok: true, text: "o1\ne1\no2\ne2\no3\ne3", exit_code: 0 });
    expect(agent.previews.map(({ text }) => text).join("")).toBe("o1\ne1\no2\ne2\no3\ne3\n");
  });

  it("is ok with exit 0 alone, and tells the code or the signal otherwise", async () => {
    expect(await bash({ command: "exit 7" })).toMatchObject({ ok: false, text: "[exit code 7]", error: "exit code 7", exit_code: 7 });
    await agent.close();
    expect(await bash({ command: "kill -9 $$" })).toMatchObject({ ok: false, error: "ended by SIGKILL" });
    await agent.close();
    expect(await bash({ command: "true" })).toMatchObject({ ok: true, text: "(no output)" });
  });

  it("ends the whole tree when its time is over", async () => {
    const result = await bash({ command: "sleep 600 & echo $!; (setsid sleep 601 &); sleep 602", timeout_ms: 1000 });
    expect(result).toMatchObject({ ok: false, error: "timed out after 1000 ms" });
    expect(result.text).toMatch(/^\d+\n\[timed out after 1000 ms\]$/);
    expect(left()).toEqual([]);
  });

  it("leaves nothing behind that was put into the background", async () => {
    const result = await bash({
      command: "(setsid sleep 603 >/dev/null 2>&1 &) & echo started",
    });
    expect(result.ok).toBe(true);
    expect(left()).toEqual([]);
  });

  it("rejects when the run ends, with the process gone", async () => {
    agent = await openAgentRoom();
    const started = agent.use(createBashTool(agent.room), { command: "echo $$ > pid; sleep 604" });
    const path = join(agent.root, "pid");
    while (!existsSync(path) || readFileSync(path, "utf8") === "") await new Promise(setImmediate);
    agent.run.abort();
    await expect(started).rejects.toMatchObject({ code: "canceled" });
    expect(left()).toEqual([]);
  });

  it("has an empty input", async () => {
    expect(await bash({ command: "cat; echo end" })).toMatchObject({ ok: true, text: "end" });
  });

  it("keeps head and tail of what is too long for the model, in bounded memory", async () => {
    const result = await bash(
      { command: "head -c 3000000 /dev/zero | tr '\\0' a; echo END" },
      { tools: { limits: { outputBytes: 1000 } } },
    );
    expect(Buffer.byteLength(result.text)).toBeLessThanOrEqual(1000);
    expect(result.text).toMatch(/^a+\n\[… \d+ bytes omitted …\]\na+\n?END$/);
    expect(Buffer.byteLength(String(result.output))).toBeLessThanOrEqual(256 * 1024);
  });

  it("works in its folder, by real path", async () => {
    const result = await bash({ command: "pwd", cwd: "." });
    expect(result.text).toBe(agent.root);
    expect((await agent.use(createBashTool(agent.room), { command: "pwd", cwd: "../home" })).text).toMatch(/^error: denied: /);
    expect((await agent.use(createBashTool(agent.room), { command: "pwd", cwd: "none" })).text).toMatch(/^error: failed: .*ENOENT/);
  });

  it("gives it the allow-list, what is passed and what is set, and no secret of ours", async () => {
    const env = {
      PATH: process.env["PATH"],
      LANG: "C",
      DATABASE_URL: "secret1",
      ANODE_TOKEN: "secret2",
      OPENAI_API_KEY: "secret3",
      PASSED: "yes",
    };
    const { text } = await bash({ command: "env" }, { shell: { pass: ["PASSED", "ANODE_TOKEN"], env: { SET: "too" } } }, env);
    const names = text.split("\n").flatMap((line) => /^([A-Za-z_]+)=/.exec(line)?.[1] ?? []);
    expect(names.filter((name) => !["PWD", "SHLVL", "_", "OLDPWD"].includes(name)).toSorted()).toEqual([
      "ANODED_COOKIE",
      "ANODE_RUN_ID",
      "LANG",
      "PASSED",
      "PATH",
      "SET",
    ]);
    expect(text).not.toContain("secret");
  });

  it("sees nothing of the daemon's folder, where the host allows that", async () => {
    agent = await openAgentRoom();
    const level = await createContainment({ storeId: "agent-test" })
      .level("pidns")
      .then(
        () => true,
        () => false,
      );
    await agent.write("../home/token", "secret");
    const { text } = await agent.use(createBashTool(agent.room), { command: "cat ../home/token" });
    if (level) expect(text).not.toContain("secret");
    else expect(text).toBe("secret");
  });

  it("uses the configured shell", async () => {
    expect((await bash({ command: "echo ${BASH_VERSION:-none}" }, { shell: { path: "/bin/sh" } })).text).toBe("none");
  });
});
