import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import { createForeignServers } from "../../../../lib/agent/mcp/foreign-servers.js";
import { createTrust } from "../../../../lib/agent/trust.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom();
});
afterEach(() => agent.close());

const write = (path: string, mcpServers: object) => agent.write(path, JSON.stringify({ mcpServers }));
const read = (config: AgentConfig = {}, env: Record<string, string> = {}) =>
  createForeignServers({ config, home: agent.home, env })({ context: agent.context, cwd: agent.root });
const notices = () => agent.run.of("system.notice").map(({ payload }) => [payload["code"], payload["text"]]);

describe("MCP servers for an agent that is not ours", () => {
  it("are those of the home folder, with their variables in place", async () => {
    await write("../home/mcp.json", {
      files: { command: "files", args: ["--all"], env: { KEY: "${SECRET}" } },
      web: { url: "http://127.0.0.1:1/mcp", headers: { authorization: "Bearer ${SECRET}" } },
      off: { command: "off", disabled: true },
    });
    expect(await read({}, { SECRET: "s" })).toEqual([
      { name: "files", command: "files", args: ["--all"], env: { KEY: "s" } },
      { name: "web", url: "http://127.0.0.1:1/mcp", headers: { authorization: "Bearer s" } },
      { name: "off", status: "disabled" },
    ]);
  });

  it("of a workspace are handed on only when a person trusted it", async () => {
    await write(".mcp.json", { theirs: { command: "theirs" } });
    expect(await read()).toEqual([{ name: "theirs", status: "untrusted" }]);
    const handed = [{ name: "theirs", command: "theirs", args: [], env: {} }];
    expect(await read({ mcp: { allowWorkspace: true } })).toEqual(handed);
    await createTrust(agent.home).add(agent.root, "2026-01-01T00:00:00Z");
    expect(await read()).toEqual(handed);
  });

  it("begin in their folder", async () => {
    await mkdir(join(agent.root, "sub"));
    await write("../home/mcp.json", { s: { command: "s", args: ["a b"], cwd: "sub" } });
    expect(await read()).toEqual([
      { name: "s", command: "/bin/sh", args: ["-c", 'cd "$0" && exec "$@"', join(agent.root, "sub"), "s", "a b"], env: {} },
    ]);
  });

  it("are left out with a notice where they cannot be handed on as they are meant", async () => {
    await write("../home/mcp.json", {
      chosen: { command: "c", excludeTools: ["drop"] },
      unset: { command: "u", env: { A: "${NOT_SET}" } },
    });
    expect(await read()).toEqual([
      { name: "chosen", status: "failed" },
      { name: "unset", status: "failed" },
    ]);
    expect(notices()).toEqual([
      ["mcp_failed", expect.stringContaining("chosen")],
      ["mcp_failed", expect.stringContaining("NOT_SET")],
    ]);
  });

  it("fail the run when a required one is among them", async () => {
    await write("../home/mcp.json", { need: { command: "n", env: { A: "${NOT_SET}" }, required: true } });
    await expect(read()).rejects.toMatchObject({ code: "mcp_failed", message: expect.stringContaining("need") });
  });
});
