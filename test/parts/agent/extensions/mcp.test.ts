import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import { expandVariables } from "../../../../lib/agent/mcp/expand-variables.js";
import { loadMcpClient } from "../../../../lib/agent/mcp/load-client.js";
import { createTrust } from "../../../../lib/agent/trust.js";
import { fittingName } from "../../../../lib/agent/tools/tool-name.js";
import { createContainment } from "../../../../lib/node/index.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { openTestToolset, type OpenedToolset } from "../../../support/open-toolset.js";
import { closeServer } from "../../../support/close-server.js";

let agent: AgentRoom;
let toolset: OpenedToolset | undefined;
const servers: Server[] = [];
beforeEach(async () => {
  agent = await openAgentRoom({ request: { approval_mode: "unrestricted" } });
});
afterEach(async () => {
  await toolset?.close();
  toolset = undefined;
  for (const server of servers.splice(0)) {
    await closeServer(server);
  }
  await agent.close();
});

const fixture = resolve("test/support/mcp-server.mjs");
const containment = createContainment({ storeId: "mcp-test" });
const stdio = (behavior: string, rest: object = {}) => ({ command: process.execPath, args: [fixture, behavior], ...rest });
const write = (path: string, mcpServers: object) => agent.write(path, JSON.stringify({ mcpServers }));
const open = async (config: AgentConfig = {}, env: Record<string, string> = {}) =>
  (toolset = await openTestToolset(agent, config, { containment, env: { PATH: process.env["PATH"], ...env } }));
const names = () => toolset?.tools.flatMap(({ name }) => (name.startsWith("mcp__") ? [name] : [])) ?? [];
const notices = () =>
  agent.run.of("system.notice").map(({ payload }) => `${String(payload["level"])} ${String(payload["code"])}: ${String(payload["text"])}`);
const alive = () => {
  const table = containment.table.read();
  return table.processes.filter(({ pid, state }) => state !== "Z" && table.cookie(pid)?.startsWith(`mcp-test.${agent.context.run.id}.`));
};

describe("MCP servers over stdio", { timeout: 30_000 }, () => {
  it("give their tools of all pages under names of their own, and no hint of theirs changes a level", async () => {
    await write("../home/mcp.json", { "my server": stdio("good") });
    await open();
    const long = names().find((name) => name.includes("xxx")) ?? "";
    expect(names()).toEqual(
      ["echo", "get_env", "fail", "hang", "picture", "get_second"].map((name) => `mcp__my_server__${name}`).concat(long),
    );
    expect(long).toMatch(/^mcp__my_server__x+_[0-9a-f]{6}$/);
    expect(long).toHaveLength(64);
    expect(toolset?.tools.find(({ name }) => name === "mcp__my_server__echo")).toMatchObject({
      level: "confirm_execute",
      opaque: true,
      description: "tool echo",
    });
    expect(toolset?.mcpServers).toEqual([{ name: "my server", status: "connected" }]);
  });

  it("are called: texts joined, other parts named by kind, type and size, errors as results", async () => {
    await write("../home/mcp.json", { a: stdio("good") });
    const { run } = await open();
    expect(await run("mcp__a__echo", { x: [1] })).toMatchObject({ ok: true, text: '{"x":[1]}\nsecond' });
    expect((await run("mcp__a__picture", {})).text).toBe("[image image/png 5]\n[resource text/plain 4]");
    expect(await run("mcp__a__fail", {})).toMatchObject({ ok: false, text: "error: failed: it failed" });
  });

  it("are given up when they do not answer in time", async () => {
    await write("../home/mcp.json", { a: stdio("good") });
    const { run } = await open({ mcp: { callTimeout: 300 } });
    expect((await run("mcp__a__hang", {})).text).toMatch(/^error: failed: .*timed out/i);
  });

  it("end with the run, at the abort and at the close", async () => {
    await write("../home/mcp.json", { a: stdio("good"), b: stdio("good") });
    const { close, run } = await open();
    const call = run("mcp__a__hang", {});
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    agent.run.abort();
    await expect(call).rejects.toMatchObject({ code: "canceled" });
    await close();
    expect(alive()).toEqual([]);
  });

  it("get the allow-list and their own variables, expanded, and no secret of ours", async () => {
    await write("../home/mcp.json", {
      a: stdio("good", { env: { TOKEN: "${MY_TOKEN}", MODE: "${MODE:-plain}" } }),
      b: stdio("good", { env: { TOKEN: "${UNSET}" } }),
    });
    const { run } = await open({}, { MY_TOKEN: "t1", OPENAI_API_KEY: "secret", ANODE_TOKEN: "secret" });
    const { text } = await run("mcp__a__get_env", {});
    expect(JSON.parse(text)).toMatchObject({ TOKEN: "t1", MODE: "plain", cwd: agent.root, ANODE_RUN_ID: agent.context.run.id });
    expect(text).not.toContain("secret");
    expect(notices()).toEqual(["warning mcp_failed: The MCP server b has no tools in this run: the variable UNSET is not set."]);
  });

  it("give only what the configuration lets through", async () => {
    await write("../home/mcp.json", {
      a: stdio("good", { includeTools: ["get_*", "echo"], excludeTools: ["*second"], readOnlyTools: ["get_*"] }),
    });
    await open();
    expect(toolset?.tools.filter(({ name }) => name.startsWith("mcp__")).map(({ level, name, opaque }) => [name, level, opaque])).toEqual([
      ["mcp__a__echo", "confirm_execute", true],
      ["mcp__a__get_env", "external_read", false],
    ]);
  });

  it("may greet before they speak", async () => {
    await write("../home/mcp.json", { a: stdio("greeting") });
    await open();
    expect(toolset?.mcpServers).toEqual([{ name: "a", status: "connected" }]);
  });

  it("that fail have no tools and are told of, with what they said", async () => {
    await write("../home/mcp.json", {
      a: stdio("exit"),
      c: { command: "/no/such/server" },
      d: stdio("good", { disabled: true }),
      e: stdio("good"),
    });
    await open();
    expect(toolset?.mcpServers).toEqual([
      { name: "a", status: "failed" },
      { name: "c", status: "failed" },
      { name: "d", status: "disabled" },
      { name: "e", status: "connected" },
    ]);
    const told = notices().toSorted();
    expect(told[0]).toMatch(/^warning mcp_failed: The MCP server a .*there is no such database/);
    expect(told[1]).toMatch(/server c .*ENOENT/);
    await toolset?.close();
    expect(alive()).toEqual([]);
  });

  it("that never speak fail in time", async () => {
    await write("../home/mcp.json", { b: stdio("silent") });
    await open({ mcp: { connectTimeout: 500 } });
    expect(toolset?.mcpServers).toEqual([{ name: "b", status: "failed" }]);
    expect(notices().join()).toMatch(/server b .*(500 ms|timed out)/i);
    expect(alive()).toEqual([]);
  });

  it("are not started for a run that can have no tool of theirs", async () => {
    await write("../home/mcp.json", { a: stdio("good"), b: stdio("good") });
    toolset = await openTestToolset(agent, {}, { containment, profile: { tools: ["read", "mcp__b__*"], readOnly: false } });
    expect(toolset.mcpServers).toEqual([
      { name: "a", status: "disabled" },
      { name: "b", status: "connected" },
    ]);
    expect(names()).toHaveLength(7);
    await toolset.close();
    toolset = await openTestToolset(agent, {}, { containment, profile: { tools: ["read", "g*"], readOnly: true } });
    expect(toolset.mcpServers.map(({ status }) => status)).toEqual(["disabled", "disabled"]);
    expect(alive()).toEqual([]);
  });

  it("that are required and fail end the run before it begins", async () => {
    await write("../home/mcp.json", { a: stdio("exit", { required: true }), b: stdio("good") });
    await expect(open()).rejects.toMatchObject({ code: "mcp_failed" });
    expect(alive()).toEqual([]);
  });
});

describe("MCP server files", { timeout: 60_000 }, () => {
  it("of a workspace count only when it is trusted, allowed, or the variable is set", async () => {
    await write("../home/mcp.json", { home: stdio("good") });
    await write("anode.json", { inner: stdio("good"), home: stdio("exit") });
    await write(".mcp.json", { dot: stdio("good") });
    const untrusted = [
      { name: "home", status: "connected" },
      { name: "inner", status: "untrusted" },
      { name: "dot", status: "untrusted" },
    ];
    await open();
    expect(toolset?.mcpServers).toEqual(untrusted);
    await toolset?.close();
    await open({}, { ANODE_ENABLE_WORKSPACE_MCP: "1" });
    expect(toolset?.mcpServers).toEqual(untrusted);
    await toolset?.close();
    const trusted = [
      { name: "home", status: "failed" },
      { name: "inner", status: "connected" },
      { name: "dot", status: "connected" },
    ];
    await open({}, { ANODE_ENABLE_WORKSPACE_MCP: "true" });
    expect(toolset?.mcpServers).toEqual(trusted);
    await toolset?.close();
    await open({ mcp: { allowWorkspace: true } });
    expect(toolset?.mcpServers).toEqual(trusted);
    await toolset?.close();
    await createTrust(agent.home).add(agent.root, "2026-01-01T00:00:00Z");
    await open();
    expect(toolset?.mcpServers).toEqual(trusted);
  });

  it.each<[object, RegExp]>([
    [{ a: {} }, /exactly one of command and url/],
    [{ a: { command: "x", url: "http://x/" } }, /exactly one of command and url/],
    [{ a: { command: "x", args: "y" } }, /mcpServers.a.args/],
  ])("with %j are skipped and told of", async (mcpServers, why) => {
    await write("../home/mcp.json", mcpServers);
    await open();
    expect(toolset?.mcpServers).toEqual([]);
    expect(notices().join()).toMatch(why);
  });
});

describe("MCP servers over HTTP", () => {
  async function serve(answer: (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void> | void) {
    const requests: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      requests.push(request);
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => void answer(request, response, text === "" ? undefined : JSON.parse(text)));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    servers.push(server);
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, requests };
  }

  async function speak(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const server = new McpServer({ name: "http", version: "1" });
    server.registerTool("ping", { description: "pings" }, () => ({ content: [{ type: "text", text: "pong" }] }));
    // Without an id of a session, as the type has it, is without the member.
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined } as never);
    await server.connect(transport as never);
    await transport.handleRequest(request, response, body);
  }

  it("are called, with their headers", async () => {
    const { requests, url } = await serve(speak);
    await write("../home/mcp.json", { web: { url, headers: { authorization: "Bearer ${WEB_TOKEN}" } } });
    const { run } = await open({}, { WEB_TOKEN: "t1" });
    expect(await run("mcp__web__ping", {})).toMatchObject({ ok: true, text: "pong" });
    expect(requests.every(({ headers }) => headers.authorization === "Bearer t1")).toBe(true);
  });

  it("may redirect within their origin, and never out of it", async () => {
    const canary = await serve((_, response) => void response.end());
    const inner = await serve((request, response, body) =>
      request.url === "/mcp" ? void response.writeHead(307, { location: "/real" }).end() : speak(request, response, body),
    );
    const outer = await serve((_, response) => void response.writeHead(307, { location: canary.url }).end());
    await write("../home/mcp.json", { inner: { url: inner.url }, outer: { url: outer.url, headers: { authorization: "secret" } } });
    await open();
    expect(toolset?.mcpServers).toEqual([
      { name: "inner", status: "connected" },
      { name: "outer", status: "failed" },
    ]);
    expect(notices().join()).toContain("redirects to another origin");
    expect(canary.requests).toEqual([]);
  });

  it("that want an authorization are told of as such", async () => {
    const { url } = await serve((_, response) => void response.writeHead(401, { "www-authenticate": "Bearer" }).end());
    await write("../home/mcp.json", { web: { url }, other: { url: "ftp://x/" } });
    await open();
    expect(notices().toSorted()[0]).toMatch(/^warning mcp_auth_required: The MCP server web /);
    expect(notices().toSorted()[1]).toMatch(/http: or https:/);
  });
});

describe("expandVariables", () => {
  it("puts in what is set, else the default, and refuses what has neither", () => {
    expect(expandVariables({ a: "x${A}y${B:-b}${C:-}" }, { A: "1", B: "" })).toEqual({ a: "x1yb" });
    expect(() => expandVariables({ a: "${D}" }, {})).toThrow("the variable D is not set");
    expect(expandVariables({ a: "$A {A} ${1}" }, { A: "1" })).toEqual({ a: "$A {A} ${1}" });
  });
});

describe("fittingName", () => {
  it("keeps what fits and ends what is longer in a hash of the whole", () => {
    expect(fittingName("mcp", "a.b", "c d")).toBe("mcp__a_b__c_d");
    expect(fittingName("mcp", "a", "x".repeat(56))).toHaveLength(64);
    const [one, two] = [fittingName("mcp", "a", `${"x".repeat(70)}1`), fittingName("mcp", "a", `${"x".repeat(70)}2`)];
    expect(one).toMatch(/_[0-9a-f]{6}$/);
    expect(one).toHaveLength(64);
    expect(one).not.toBe(two);
  });
});

describe("loadMcpClient", () => {
  it("names the package that is missing and how to install it", async () => {
    const missing = Object.assign(new Error("no"), { code: "ERR_MODULE_NOT_FOUND" });
    await expect(loadMcpClient(() => Promise.reject(missing))).rejects.toMatchObject({
      code: "executor_unavailable",
      details: { package: "@modelcontextprotocol/sdk", hint: "npm install @modelcontextprotocol/sdk" },
    });
  });
});

describe("trust", () => {
  it("is of a real path, is listed and taken back", async () => {
    const trust = createTrust(agent.home);
    expect(trust.rootOf(join(agent.root, "."))).toBe(agent.root);
    await agent.write("deep/er/x", "");
    expect(trust.rootOf(join(agent.root, "deep/er"))).toBe(agent.root);
    await trust.add(agent.root, "2026-01-01T00:00:00Z");
    expect(trust.has(agent.root)).toBe(true);
    expect(trust.has(join(agent.root, "deep"))).toBe(false);
    expect(trust.list()).toEqual([{ path: agent.root, trusted_at: "2026-01-01T00:00:00Z" }]);
    await trust.remove(agent.root);
    expect(trust.has(agent.root)).toBe(false);
  });

  it("is not what a file that is no such file says", async () => {
    await agent.write("../home/mcp-trust.json", JSON.stringify({ constructor: true }));
    expect(createTrust(agent.home).has(agent.root)).toBe(false);
  });
});
