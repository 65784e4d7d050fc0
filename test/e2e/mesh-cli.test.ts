import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client as McpClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../adapters/client/index.js";
import { type AgentMessage, agentText } from "../../lib/messages/agent-text.js";
import { createHookFiles, systemReader } from "../../lib/node/index.js";
import { agentUser } from "../support/agent-user.js";
import { newUser, programPath, says, scriptedDaemon, type User } from "../support/program.js";
import { verifiesWith } from "./verifies.js";

/** A user with a daemon and two peers. */
async function twoPeers(): Promise<User> {
  const user = newUser();
  await scriptedDaemon(user);
  for (const name of ["api", "docs"]) expect(await user.anode("peers", "register", "--name", name)).toMatchObject({ code: 0 });
  return user;
}

async function printed(user: User, ...words: string[]): Promise<string> {
  const { code, out, err } = await user.anode(...words);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return out.trimEnd();
}

const json = async (user: User, ...words: string[]) => JSON.parse(await printed(user, ...words, "--json"));

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (let turn = 0; turn < 200; turn += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("It never held.");
}

describe("the command line of the mesh", () => {
  verifiesWith("mesh.health", "cli", async () => {
    const user = await twoPeers();
    expect(await json(user, "status")).toMatchObject({ mesh: { peers: { online: 5, busy: 0, offline: 0 }, open_asks: 0 } });
    expect(await printed(user, "doctor")).toMatch(/^mesh +ok +peers: 5 online, 0 busy, 0 offline; 0 open asks$/m);
  });

  verifiesWith("mesh.peers", "cli", async () => {
    const user = await twoPeers();
    expect(await printed(user, "peers", "list")).toMatch(/^NAME +ID +BACKEND +CIRCLE +STATUS +ASKS +DESCRIPTION\ndocs +peer-/);
    await printed(user, "peers", "describe", "api", "moving", "the", "tests");
    expect(await json(user, "peers", "show", "api")).toMatchObject({ display_name: "api", description: "moving the tests" });
    await printed(user, "peers", "describe", "api");
    expect(await json(user, "peers", "show", "api")).not.toHaveProperty("description");
    expect(await printed(user, "peers", "touch", "api")).toMatch(/^\d{4}-.*Z$/);
    expect(await printed(user, "peers", "remove", "api")).toMatch(/^peer-[0-9a-f]{16}$/);
    expect(await user.anode("peers", "show", "api")).toMatchObject({ code: 4, out: "" });
    expect(await user.anode("peers", "whoami")).toMatchObject({ code: 4, out: "" });
    expect(await user.anode("peers", "register", "--name", "no good")).toMatchObject({ code: 2, out: "" });
  });

  verifiesWith("mesh.peers.doctor", "cli", async () => {
    const user = await twoPeers();
    const before = await json(user, "peers", "show", "api");
    expect(await printed(user, "doctor", "api")).toMatch(/^CHECK +STATUS +DETAIL\npeer +ok +api peer-/);
    expect(await json(user, "doctor", "api")).toMatchObject({ display_name: "api", contradictions: [] });
    expect(await json(user, "peers", "show", "api")).toEqual(before);
    expect(await user.anode("rehook", "api")).toMatchObject({ code: 8, out: "", err: expect.stringContaining("pane") });
    expect(await user.anode("doctor", "api", "--deep")).toMatchObject({ code: 2, out: "" });
    expect(await user.anode("doctor", "--fix")).toMatchObject({ code: 2, out: "" });
  });

  verifiesWith("mesh.panes", "cli", async () => {
    const user = await twoPeers();
    expect(await json(user, "link")).toEqual({ panes: [], pane_backend: expect.stringMatching(/none|tmux/) });
    expect(await user.anode("link", "%7")).toMatchObject({ code: 2, err: expect.stringContaining("--backend") });
    expect((await user.anode("link", "%7", "--backend", "codex", "--name", "ghost")).code).not.toBe(0);
    expect(await user.anode("peers", "show", "ghost")).toMatchObject({ code: 4 });
  });

  verifiesWith("mesh.ask", "cli", async () => {
    const user = await twoPeers();
    const asking = user.anode("ask", "api", "Which port?", "--from", "docs", "--wait", "--timeout-ms", "20000");
    const id = await until(async () => (await json(user, "peers", "asks", "api")).asks[0]?.correlation_id as string | undefined);
    expect(await printed(user, "inbox", "--peer", "api")).toMatch(new RegExp(`^ask ${id} from docs {2}.*\\n {2}Which port\\?$`));
    expect(await printed(user, "ack", id, "7433,", "see config.json", "--from", "api")).toBe("ack_with_msg");
    expect(await asking).toMatchObject({ code: 0, out: "7433, see config.json\n" });
    // A reply to a closed ask, and a time that is over.
    expect(await user.anode("ack", id, "again")).toMatchObject({ code: 4, out: "" });
    expect(await user.anode("ask", "api", "Never", "--wait", "--timeout-ms", "100")).toMatchObject({ code: 7, out: "" });
    expect(await user.anode("ask", "nobody", "?")).toMatchObject({ code: 4, out: "" });
    expect(await user.anode("ask", "api", "?", "--timeout-ms", "5")).toMatchObject({ code: 2, out: "" });
    // One that is away: what would let it wait is told as it is typed.
    await printed(user, "peers", "register", "--name", "away");
    const client = await connect({ env: user.env });
    onTestFinished(() => client.close());
    await client.peers.offline({ id: "away" });
    expect(await user.anode("ask", "away", "?")).toMatchObject({ code: 8, err: expect.stringContaining("--queue lets it wait.") });
    // The person's own inbox has the reply of an ask that nobody waited for.
    const mine = await printed(user, "ask", "api", "And", "over", "TLS?");
    await printed(user, "ack", mine, "No", "--from", "api");
    expect(await printed(user, "inbox")).toMatch(new RegExp(`^reply ${mine} from api {2}.*\\n {2}No$`));
  });

  verifiesWith("mesh.ask.ends", "cli", async () => {
    const user = await twoPeers();
    const asking = user.anode("ask", "api", "?", "--wait");
    const id = await until(async () => (await json(user, "peers", "asks", "api")).asks[0]?.correlation_id as string | undefined);
    expect(await printed(user, "decline", id, "not mine")).toBe("declined");
    expect(await asking).toMatchObject({ code: 1, out: "not mine\n", err: expect.stringContaining("declined") });
  });

  verifiesWith("mesh.answer", "cli", async () => {
    const user = await twoPeers();
    const client = await connect({ env: user.env });
    onTestFinished(() => client.close());
    const options = [
      { id: "blue", title: "Blue" },
      { id: "red", title: "Red" },
    ];
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "Which?", question: { kind: "choice", options } });
    expect(await printed(user, "questions")).toMatch(new RegExp(`\n${correlation_id} +human +mesh_ask +choice +\\S+ +Which\\?$`));
    expect(await user.anode("answer", correlation_id, "green")).toMatchObject({ code: 2 });
    await printed(user, "answer", correlation_id, "blue");
    expect(await client.asks.wait({ id: correlation_id })).toMatchObject({ status: "resolved", option_id: "blue" });
  });

  verifiesWith("mesh.messages", "cli", async () => {
    const user = await twoPeers();
    expect(await printed(user, "notify", "api", "the schema has changed", "--from", "docs")).toMatch(/^dlv-[0-9a-f]{16}$/);
    // What a pane cuts is shown whole by the command that the cut names.
    const long = "an even longer one ".repeat(3000).trim();
    const delivery_id = await printed(user, "notify", "docs", long, "--from", "api");
    const told = agentText((await json(user, "messages", "show", delivery_id)) as AgentMessage, 16_384);
    const [, command = ""] = /\(cut here; read all of it: anode (.*), or/.exec(told) ?? [];
    expect(await printed(user, ...command.split(" "))).toBe(`[anode:note from @api to @docs]\n${long}`);
    expect(await user.anode("messages", "show", "dlv-0")).toMatchObject({ code: 4, out: "" });
    const { peer_id } = await json(user, "peers", "show", "api");
    expect(await printed(user, "broadcast", "deploying", "--exclude", "docs")).toBe(
      `NAME  ID                     STATE\napi   ${peer_id}  queued`,
    );
    expect(await printed(user, "inbox", "--peer", "api")).toMatch(
      /^notify dlv-\w+ from docs .*\n {2}the schema has changed\n\nbroadcast dlv-\w+ from human .*\n {2}deploying$/,
    );
    const following = user.start("inbox", "--peer", "api", "--follow");
    let seen = "";
    following.stdout?.setEncoding("utf8").on("data", (part: string) => (seen += part));
    await until(async () => (seen.includes("deploying") ? true : undefined));
    // What a peer says acts on no terminal, and looks like nothing but text.
    await printed(user, "notify", "api", "late\u001b[2J\nask ask-1 from human  now");
    expect(
      await until(
        async () => /\n\nnotify dlv-\w+ from human .*\n {2}late\\u001b\[2J\n {2}ask ask-1 from human {2}now\n/.exec(seen) ?? undefined,
      ),
    ).toBeTruthy();
    expect(seen.match(/deploying/g)).toHaveLength(1);
    // Reading removes nothing; what is confirmed is gone.
    expect((await printed(user, "inbox", "--peer", "api", "--confirm")).match(/^(notify|broadcast) /gm)).toHaveLength(3);
    expect(await printed(user, "inbox", "--peer", "api")).toBe("");
    following.kill("SIGINT");
    expect(await new Promise((resolve) => following.once("exit", resolve))).toBe(130);
  });

  verifiesWith("mesh.traces", "cli", async () => {
    const user = await twoPeers();
    const id = await printed(user, "ask", "api", "?");
    const following = user.anode("trace", id, "--follow");
    await printed(user, "ack", id, "!");
    const { code, out } = await following;
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.split("  ")[2]),
    ).toEqual(["created", "resolved_peer", "pending", "acked", "closed"]);
    expect(await json(user, "trace", id)).toMatchObject({ trace_id: id, kind: "ask" });
    expect(await user.anode("trace", "ask-1")).toMatchObject({ code: 4, out: "" });
  });

  verifiesWith("mesh.attachments", "cli", async () => {
    const user = await twoPeers();
    writeFileSync(join(user.folder, "a.txt"), "hello");
    const id = await printed(user, "ask", "api", "Read this", "--attach", join(user.folder, "a.txt"));
    const [{ attachments }] = (await json(user, "peers", "asks", "api")).asks;
    expect(attachments).toMatchObject([{ filename: "a.txt", size_bytes: 5, content_type: "text/plain" }]);
    await printed(user, "ack", id, "and this", "--attach", join(user.folder, "a.txt"));
    expect(await user.anode("notify", "api", "x", "--attach", join(user.folder, "missing"))).toMatchObject({ code: 2, out: "" });
  });

  it("never starts a daemon to read, and says what starts one", async () => {
    const user = newUser();
    for (const words of [["peers", "list"], ["inbox"], ["trace", "ask-1"], ["peers", "asks"], ["link"]]) {
      expect(await user.anode(...words)).toMatchObject({ code: 3, out: "", err: expect.stringContaining("anode daemon") });
    }
  });

  verifiesWith("mesh.agent", "cli", async () => {
    const user = await agentUser();
    const words = ["runs", "start", "--profile", "study", "--approval", "auto", "--keep-open", "--run-label", "worker"];
    const { code, out, err } = await user.type([...words, "#script! say Ready"]);
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    const peer = await until(async () => {
      const { peers } = await json(user, "peers", "list");
      return peers.find(
        ({ run_id, turn_state }: { run_id?: string; turn_state?: string }) => run_id === out.trim() && turn_state === "idle",
      );
    });
    expect(peer).toMatchObject({ display_name: "worker", backend: "run", circle: "default", path: user.work });
    const asked = await user.anode("ask", "worker", "#script! say 7433 it is", "--wait", "--timeout-ms", "20000");
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining("7433 it is") });
    expect(await json(user, "peers", "show", "worker")).toMatchObject({ pending_ask_count: 0 });
    // It sends as the peer that it is.
    const sent = await user.anode(
      "ask",
      "worker",
      `#script! tool send_message {"to":"human","text":"hello from work"} | say Sent`,
      "--wait",
      "--timeout-ms",
      "20000",
    );
    expect(sent.code).toBe(0);
    expect(await printed(user, "inbox")).toMatch(/^notify dlv-\w+ from worker .*\n {2}hello from work$/m);
    // So is what runs below it: it finds the daemon by the token of its run.
    const shell = `#script! sh '${process.execPath}' '${programPath}' notify human 'from its shell' | say Told`;
    expect((await user.anode("ask", "worker", shell, "--wait", "--timeout-ms", "20000")).code).toBe(0);
    expect(await printed(user, "inbox")).toMatch(/^notify dlv-\w+ from worker .*\n {2}from its shell$/m);
    // A run without tools for messages is nobody's peer.
    const quiet = await user.type(["runs", "start", "--profile", "craft", "--keep-open", "#script! say Quiet"]);
    await until(async () => ((await json(user, "runs", "show", quiet.out.trim())).status === "running" ? true : undefined));
    expect((await json(user, "peers", "list")).peers.filter(({ backend }: { backend: string }) => backend === "run")).toHaveLength(1);
    await user.anode("runs", "cancel", out.trim());
    expect(await user.anode("peers", "show", "worker")).toMatchObject({ code: 4 });
    expect(await json(user, "peers", "show", peer.peer_id)).toMatchObject({ retire_reason: "run_ended" });
  });
});

/** A user whose daemon has a token, and whose agent in the pane %7 is this very process. */
async function guardedUser(): Promise<{ user: User; peer_id: string; url: string }> {
  const user = newUser();
  mkdirSync(user.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(user.home, "config.json"), JSON.stringify({ daemon: { auth_token: "a-token-of-this-test" } }), { mode: 0o600 });
  const daemon = await scriptedDaemon(user);
  const owner = await connect({ env: user.env });
  onTestFinished(() => owner.close());
  const { peer, peer_token = "" } = await owner.peers.register({ backend: "codex", name: "api" });
  await createHookFiles(join(user.home, "peers")).write({
    peer_id: peer.peer_id,
    display_name: "api",
    backend: "codex",
    pane_id: "%7",
    agent_pid: process.pid,
    agent_started: systemReader().read(process.pid)?.startTicks ?? 0,
    peer_token,
  });
  return { user, peer_id: peer.peer_id, url: daemon.addresses.find((address) => address.startsWith("http")) ?? "" };
}

describe("the daemon's own callers, with daemon.auth_token set", () => {
  verifiesWith("mesh.auth", "cli", async () => {
    const { user, peer_id, url } = await guardedUser();
    // Below the agent the command line is its peer, on the socket too.
    expect(await json(user, "peers", "whoami")).toMatchObject({ peer_id, display_name: "api" });
    const id = await printed(user, "ask", "human", "May I?");
    expect((await json(user, "peers", "asks", "--direction", "outbound")).asks).toMatchObject([{ correlation_id: id, from_name: "api" }]);
    expect(await user.anode("notify", "human", "x", "--from", "human")).toMatchObject({ code: 6 });
    expect(await user.anode("token", "create", "--label", "x", "--scope", "admin")).toMatchObject({ code: 6 });
    // In another pane it is nobody's.
    user.env["TMUX_PANE"] = "%8";
    expect(await user.anode("peers", "whoami")).toMatchObject({ code: 4 });
    user.env["TMUX_PANE"] = "%7";
    // A file that others may read is not believed.
    const file = join(user.home, "peers", "pane-7.json");
    chmodSync(file, 0o644);
    expect(await user.anode("peers", "whoami")).toMatchObject({ code: 4 });
    chmodSync(file, 0o600);

    // Over TCP the token is needed, and is enough.
    const address = url.slice("http://".length);
    expect(await user.anode("peers", "list", "--daemon", address)).toMatchObject({ code: 6, out: "" });
    user.env["ANODE_TOKEN"] = "a-token-of-this-test";
    expect(await json(user, "peers", "list", "--daemon", address)).toHaveProperty("peers");
    const client = await connect({ url, env: user.env });
    onTestFinished(() => client.close());
    expect((await client.peers.list()).peers.length).toBe(4);
    const below = await connect({ env: { ...user.env, ANODE_TOKEN: undefined } });
    onTestFinished(() => below.close());
    expect(await below.health()).toMatchObject({ mesh: { open_asks: 1 } });
  });

  async function mcp(user: User): Promise<McpClient> {
    const client = new McpClient({ name: "test", version: "0" });
    const server = { command: process.execPath, args: [programPath, "mcp"], env: user.env, cwd: user.folder, stderr: "ignore" as const };
    await client.connect(new StdioClientTransport(server));
    onTestFinished(() => client.close());
    return client;
  }
  const callTool = async (client: McpClient, name: string, input: Record<string, unknown> = {}) =>
    (await client.callTool({ name, arguments: input })) as { structuredContent: Record<string, unknown>; isError?: boolean };

  it("find it in the configuration where the daemon has no socket: the command line, hooks and the MCP server", async () => {
    const user = newUser();
    mkdirSync(user.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(user.home, "config.json"), JSON.stringify({ daemon: { auth_token: "a-token-of-this-test" } }), { mode: 0o600 });
    await says(user.start("daemon", "--addr", "127.0.0.1:0"), "listening on http");
    expect((await json(user, "peers", "list")).peers).toHaveLength(3);
    const session = `echo '{"hook_event_name":"SessionStart","session_id":"s-1","cwd":"${user.folder}"}' | "$0" "$1" hook session --backend claude-code`;
    expect(await user.run("sh", "-c", session, process.execPath, programPath)).toMatchObject({ code: 0, err: "" });
    expect((await json(user, "peers", "list")).peers).toMatchObject([{ backend: "claude-code", session_id: "s-1" }, {}, {}, {}]);
    const client = await mcp(user);
    expect((await callTool(client, "whoami")).structuredContent).toMatchObject({ backend: "service", role: "agent" });
    await client.close();
    // Who may not read the configuration finds nothing.
    chmodSync(join(user.home, "config.json"), 0o622);
    expect(await user.anode("peers", "list")).toMatchObject({ code: 6, out: "" });
    chmodSync(join(user.home, "config.json"), 0o600);
  });

  it("let an MCP server act as the peer of its pane", async () => {
    const { user, peer_id } = await guardedUser();
    const client = await mcp(user);
    expect((await callTool(client, "whoami")).structuredContent).toMatchObject({ peer_id });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["ask", "wait_on_ack", "ask_user", "attachment_put", "peer_doctor"]),
    );
    expect(tools.filter(({ name }) => /approve|link|rehook|token|config/.test(name))).toEqual([]);
    await client.close();
    // The agent is still a peer when its MCP server has ended.
    expect(await json(user, "peers", "show", peer_id)).not.toHaveProperty("retired_at");
  });

  it("follow a daemon that comes back at another address, and go on waiting: an MCP server, and `ask --wait` of any time", async () => {
    const user = newUser();
    const daemonAt = (address: string) => says(user.start("daemon", "--addr", address), "listening on");
    await daemonAt("127.0.0.1:0");
    const client = await mcp(user);
    const { structuredContent: self } = await callTool(client, "whoami");
    const asked = await callTool(client, "ask", { peer_name: "human", query: "May I?" });
    const waiting = callTool(client, "wait_on_ack", { correlation_id: asked.structuredContent["correlation_id"] });
    const asking = user.anode("ask", "human", "And I?", "--wait", "--timeout-ms", "40000");
    const ids = await until(async () => {
      const { asks } = (await json(user, "peers", "asks", "human")) as { asks: { correlation_id: string }[] };
      return asks.length === 2 ? asks.map(({ correlation_id }) => correlation_id) : undefined;
    });
    await printed(user, "daemon", "stop");
    await daemonAt(join(user.folder, "elsewhere.sock"));
    for (const id of ids) await printed(user, "ack", id, "Yes");
    expect((await waiting).structuredContent).toMatchObject({ status: "resolved", reply_text: "Yes" });
    expect(await asking).toMatchObject({ code: 0, out: "Yes\n" });
    // And the other way round, with nothing under way.
    await printed(user, "daemon", "stop");
    await daemonAt("127.0.0.1:0");
    expect((await callTool(client, "whoami")).structuredContent).toMatchObject({ peer_id: self["peer_id"] });
    const noted = await callTool(client, "notify_peer", { peer_name: "human", message: "back" });
    expect(noted.structuredContent).toMatchObject({ queued: true });
  });

  it("register a peer for an MCP server whose agent is none, for as long as it lives", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const client = await mcp(user);
    const { structuredContent: self } = await callTool(client, "whoami");
    expect(self).toMatchObject({ backend: "service", role: "agent", display_name: expect.stringMatching(/-mcp$/) });
    const asked = await callTool(client, "ask", { peer_name: "human", query: "May I?" });
    expect(await printed(user, "inbox")).toMatch(/^ask ask-\w+ from .*-mcp .*\n {2}May I\?$/);
    const waiting = callTool(client, "wait_on_ack", { correlation_id: asked.structuredContent["correlation_id"] });
    await printed(user, "ack", String(asked.structuredContent["correlation_id"]), "Yes");
    expect((await waiting).structuredContent).toMatchObject({ status: "resolved", reply_text: "Yes" });
    writeFileSync(join(user.folder, "notes.txt"), "hello");
    const file = await callTool(client, "attachment_put", { path: "notes.txt" });
    expect(file.structuredContent).toMatchObject({ filename: "notes.txt", size_bytes: 5 });
    expect(await callTool(client, "attachment_get", { id: file.structuredContent["id"], save_as: "copy.txt" })).toMatchObject({
      structuredContent: { size_bytes: 5 },
    });
    await client.close();
    expect(await until(async () => (await json(user, "peers", "show", String(self["peer_id"]))).retire_reason as string | undefined)).toBe(
      "unregistered",
    );
  });
});
