import { Client as McpClient } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { describe, expect, onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import { createMcpServer, type OperationCaller } from "../../adapters/mcp/index.js";
import { daemonHere, daemonPlace } from "../support/daemon.js";
import { verifiesWith } from "./verifies.js";

type Document = Record<string, unknown>;
/** One call of a tool; of a refusal the problem document. */
type Tool = (name: string, input?: Document) => Promise<Document>;

/** An agent's tools, over the daemon's socket, as the peer of the token. */
async function toolsOf(socketPath: string, token: string): Promise<Tool> {
  const client = await connect({ socketPath, token, env: {} });
  const call: OperationCaller["call"] = (name, input, options = {}) => {
    const [noun = "", method = ""] = name.split(".");
    const methods = client[noun as keyof Client] as unknown as Record<string, (input: object, options: object) => Promise<unknown>>;
    return methods[method]?.(input, options) ?? Promise.reject(new Error(`There is no ${name}.`));
  };
  const server = await createMcpServer({ call });
  const mcp = new McpClient({ name: "test", version: "0" });
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(serverSide), mcp.connect(clientSide)]);
  onTestFinished(async () => {
    await mcp.close();
    await client.close();
  });
  return async (name, input = {}) => (await mcp.callTool({ name, arguments: input })).structuredContent as Document;
}

/** Two agents behind MCP servers of one daemon, and its owner. */
async function twoAgents() {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const owner = await connect({ socketPath: daemon.home.socket, env: {} });
  onTestFinished(() => owner.close());
  const agent = async (name: string): Promise<Tool> => {
    const { peer_token = "" } = await owner.peers.register({ backend: "service", name });
    return toolsOf(daemon.home.socket, peer_token);
  };
  return { owner, api: await agent("api"), docs: await agent("docs") };
}

describe("the tools of the mesh", () => {
  verifiesWith("mesh.peers", "mcp", async () => {
    const { api } = await twoAgents();
    expect(await api("whoami")).toMatchObject({ display_name: "api" });
    expect(await api("set_description", { description: "moving the tests" })).toMatchObject({ description: "moving the tests" });
    const { peers } = (await api("list_peers", { include_self: true })) as { peers: Document[] };
    expect(peers.map(({ display_name, description }) => [display_name, description])).toEqual(
      expect.arrayContaining([
        ["docs", undefined],
        ["api", "moving the tests"],
      ]),
    );
  });

  verifiesWith("mesh.peers.doctor", "mcp", async () => {
    const { api } = await twoAgents();
    expect(await api("peer_doctor", { peer_name: "docs" })).toMatchObject({ display_name: "docs", contradictions: [] });
    expect(await api("peer_doctor", { peer_name: "nobody" })).toMatchObject({ code: "peer_not_found", status: 404 });
  });

  verifiesWith("mesh.ask", "mcp", async () => {
    const { api, docs } = await twoAgents();
    const { correlation_id } = await docs("ask", { peer_name: "api", query: "Which port?" });
    const waiting = docs("wait_on_ack", { correlation_id, timeout_ms: 20_000 });
    expect(await api("inbox")).toMatchObject({ asks: [{ correlation_id, text: "Which port?" }] });
    expect(await docs("ack", { correlation_id })).toMatchObject({ code: "not_the_recipient" });
    expect(await api("ack", { correlation_id, message: "7433" })).toMatchObject({ close_reason: "ack_with_msg" });
    expect(await waiting).toMatchObject({ status: "resolved", reply_text: "7433" });
  });

  verifiesWith("mesh.ask.ends", "mcp", async () => {
    const { api, docs } = await twoAgents();
    const { correlation_id } = await docs("ask", { peer_name: "api", query: "?" });
    expect(await api("decline", { correlation_id, message: "not mine" })).toMatchObject({ close_reason: "declined" });
    expect(await docs("wait_on_ack", { correlation_id })).toMatchObject({ close_reason: "declined", reply_text: "not mine" });
    expect(await api("decline", { correlation_id })).toMatchObject({ code: "ask_closed" });
  });

  verifiesWith("mesh.answer", "mcp", async () => {
    const { owner, api, docs } = await twoAgents();
    const question = { kind: "choice", options: [{ id: "blue", title: "Blue" }] };
    const { correlation_id } = await docs("ask", { peer_name: "api", query: "Which?", question });
    expect(await api("answer", { correlation_id, option_id: "green" })).toMatchObject({ code: "invalid_option" });
    expect(await api("answer", { correlation_id, option_id: "blue" })).toMatchObject({ ok: true, outcome: "answered" });
    expect(await api("answer", { correlation_id, option_id: "blue" })).toMatchObject({ code: "question_closed", outcome: "answered" });
    // What a person has to allow no tool allows.
    const approval = {
      prompt: "May it?",
      options: [
        { id: "allow", title: "A" },
        { id: "deny", title: "D" },
      ],
      correlation_id: "tool-0001",
    };
    const held = owner.questions.askBlocking({ ...approval, timeout_ms: 300 });
    const refused = await api("answer", { correlation_id: "tool-0001", option_id: "allow" });
    expect(refused["code"]).toMatch(/^(scope_required|self_approval|question_not_found)$/);
    expect(await held).toMatchObject({ decision: "deny", reason: "timed_out" });
  });

  verifiesWith("mesh.ask-many", "mcp", async () => {
    const { api, docs } = await twoAgents();
    const { parent_id, children } = await docs("ask_many", { peer_names: ["api", "nobody"], query: "All well?" });
    expect(children).toMatchObject([{ peer: "api" }, { peer: "nobody", error_code: "peer_not_found" }]);
    await api("ack", { correlation_id: (children as Document[])[0]?.["correlation_id"], message: "Yes" });
    expect(await docs("ask_many_result", { parent_id })).toMatchObject({ state: "complete", rollup: { replied: 1, failed: 1 } });
  });

  verifiesWith("mesh.messages", "mcp", async () => {
    const { api, docs } = await twoAgents();
    expect(await docs("notify_peer", { peer_name: "api", message: "the schema has changed" })).toMatchObject({ queued: true });
    expect(await docs("broadcast", { message: "deploying" })).toMatchObject({ queued: [expect.any(String)] });
    const { messages } = (await api("inbox")) as { messages: Document[] };
    expect(messages.map(({ kind, text }) => `${String(kind)} ${String(text)}`)).toEqual([
      "notify the schema has changed",
      "broadcast deploying",
    ]);
  });

  verifiesWith("mesh.inbox", "mcp", async () => {
    const { owner, api, docs } = await twoAgents();
    const { delivery_id } = (await docs("notify_peer", { peer_name: "api", message: "one" })) as { delivery_id: string };
    expect(await api("inbox")).toMatchObject({ messages: [{ delivery_id }] });
    expect(await owner.messages.get({ delivery_id })).toMatchObject({ delivery_state: "claimed" });
    // The next look says that the last one was read.
    expect(await api("inbox")).toMatchObject({ messages: [] });
    expect(await owner.messages.get({ delivery_id })).toMatchObject({ delivery_state: "delivered" });
  });

  verifiesWith("mesh.traces", "mcp", async () => {
    const { api, docs } = await twoAgents();
    const { correlation_id } = await docs("ask", { peer_name: "api", query: "?" });
    await api("ack", { correlation_id });
    const { stages } = (await docs("trace", { trace_id: correlation_id })) as { stages: Document[] };
    expect(stages.map(({ stage }) => stage)).toEqual(["created", "resolved_peer", "pending", "acked", "closed"]);
    expect(await docs("trace", { trace_id: "ask-0000" })).toMatchObject({ code: "trace_not_found" });
  });
});
