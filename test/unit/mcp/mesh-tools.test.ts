import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { askReply, waitInSlices } from "../../../adapters/client/wait.js";
import type { OperationCaller } from "../../../adapters/mcp/operation-caller.js";
import type { Caller } from "../../../lib/caller.js";
import { functionExecutor, localCaller } from "../../../lib/index.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";
import { callTool, connectMcp } from "./fixtures.js";

/** The tools of section 21 of the mesh that are served here, with their parameters. */
const parameters: Readonly<Record<string, readonly string[]>> = {
  list_peers: ["circle", "show_offline", "include_self"],
  whoami: [],
  set_description: ["description"],
  ask: ["peer_name", "query", "circle", "reply_to", "attachments", "question"],
  wait_on_ack: ["correlation_id", "timeout_ms"],
  ask_many: ["peer_names", "query", "circle", "timeout_ms"],
  ask_many_result: ["parent_id"],
  ack: ["correlation_id", "message", "attachments"],
  answer: ["correlation_id", "option_id", "text", "outcome", "message"],
  decline: ["correlation_id", "message"],
  notify_peer: ["peer_name", "message", "circle", "attachments"],
  broadcast: ["message", "circle"],
  inbox: ["limit"],
  message_get: ["delivery_id", "offset"],
  ask_user: ["prompt", "kind", "options", "timeout_ms"],
  trace: ["trace_id"],
};

function callerIn({ call, host: { clock } }: TestMesh, caller: Caller, files?: OperationCaller["files"]): OperationCaller {
  return {
    call(name, input, { signal } = {}) {
      const once: OperationCaller["call"] = (_name, given) => call(name, given as never, { caller, ...(signal && { signal }) });
      if (name !== "asks.wait") return once(name, input);
      // As a client waits.
      return waitInSlices(askReply, (given) => once(name, given), { clock, random: () => 0, pause: async () => {} }, input);
    },
    ...(files && { files }),
  };
}

/** Two peers, each behind an MCP server of its own. */
async function twoAgents(options?: Parameters<typeof openTestMesh>[0]) {
  const mesh = await openTestMesh(options);
  const [api, docs] = [await mesh.peer("api"), await mesh.peer("docs")];
  return {
    mesh,
    ids: { api: api.peer_id, docs: docs.peer_id },
    api: await connectMcp(callerIn(mesh, api.caller)),
    docs: await connectMcp(callerIn(mesh, docs.caller)),
  };
}

describe("the tools of the mesh", () => {
  it("have the names and the parameters that agents know", async () => {
    const { api } = await twoAgents();
    const { tools } = await api.listTools();
    const found = new Map(tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]));
    for (const [name, wanted] of Object.entries(parameters)) expect([name, found.get(name)]).toEqual([name, wanted]);
    const ask = tools.find(({ name }) => name === "ask");
    expect(ask?.inputSchema.required).toEqual(["peer_name", "query"]);
  });

  it("name a parameter that they do not have as the wire names a field", async () => {
    const { api } = await twoAgents();
    const { isError, document } = await callTool(api, "ask", { peer_name: "docs", query: "hi", bogus: 1 });
    expect(isError).toBe(true);
    expect(document).toMatchObject({ code: "invalid_request", issues: [{ path: "bogus", code: "unknown_field" }] });
  });

  it("let one agent ask, and the other answer", async () => {
    const { api, docs, ids } = await twoAgents();
    const asked = await callTool(docs, "ask", { peer_name: "api", query: "Which port?" });
    expect(asked).toMatchObject({ isError: false, document: { delivery_state: "queued", to_peer_id: ids.api } });
    const correlation_id = asked.document["correlation_id"];
    const waiting = callTool(docs, "wait_on_ack", { correlation_id });
    expect(await callTool(api, "ack", { correlation_id, message: "7433" })).toMatchObject({ document: { close_reason: "ack_with_msg" } });
    expect((await waiting).document).toMatchObject({ status: "resolved", reply_text: "7433" });
    const { document } = await callTool(docs, "trace", { trace_id: correlation_id });
    expect((document["stages"] as { stage: string }[]).map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(["created", "acked", "closed"]),
    );
  });

  it("wait for a reply in slices, as long as they are told", async () => {
    const { mesh, docs } = await twoAgents();
    const { document } = await callTool(docs, "ask", { peer_name: "api", query: "Still there?" });
    const waiting = callTool(docs, "wait_on_ack", { correlation_id: document["correlation_id"], timeout_ms: 100_000 });
    let isOver = false;
    void waiting.then(() => (isOver = true));
    // The call of the tool passes through the transport before it waits.
    await mesh.host.clock.advance(0);
    for (const sliceMs of [50_000, 40_000]) await mesh.host.clock.advance(sliceMs);
    expect(isOver).toBe(false);
    await mesh.host.clock.advance(10_000);
    expect((await waiting).document).toMatchObject({ status: "pending" });
  });

  it("read all of a message in parts, however long it is, and never cut a character", async () => {
    const { mesh, api, docs } = await twoAgents();
    const [text, more] = [`x${"😀".repeat(32_767)}`, `"${"\n".repeat(65_534)}"`];
    const noted = await callTool(docs, "notify_peer", { peer_name: "api", message: text });
    const { document } = await callTool(docs, "ask", { peer_name: "api", query: "?", question: { kind: "text" } });
    await callTool(api, "answer", { correlation_id: document["correlation_id"], text: more });
    const { messages } = await mesh.call("messages.list", { kind: "reply" });
    for (const [delivery_id, whole] of [
      [noted.document["delivery_id"], text],
      [messages[0]?.delivery_id, more],
    ] as const) {
      let read = "";
      for (let offset: unknown = 0; offset !== undefined; ) {
        const part = await callTool(api, "message_get", { delivery_id, offset });
        expect(part).toMatchObject({ isError: false, document: { delivery_id } });
        expect(part.bytes).toBeLessThanOrEqual(65_536);
        expect(part.document).not.toHaveProperty("truncated");
        const { text: told = "", answer } = part.document as { text?: string; answer?: { text?: string } };
        expect(told.isWellFormed()).toBe(true);
        read += told === "" ? (answer?.text ?? "") : told;
        offset = part.document["next_offset"];
      }
      expect([read.length, read === whole]).toEqual([whole.length, true]);
    }
    expect(await callTool(api, "message_get", { delivery_id: "dlv-0" })).toMatchObject({
      isError: true,
      document: { code: "message_not_found" },
    });
  });

  it("name what is wrong as the tool calls it, and take nothing that the tool does not have", async () => {
    const { docs } = await twoAgents();
    expect(await callTool(docs, "ask", { peer_name: "api" })).toMatchObject({
      isError: true,
      document: { code: "invalid_request", issues: [{ path: "query" }] },
    });
    const owner = await callTool(docs, "ask", { peer_name: "api", query: "x", from_peer: "api" });
    expect(owner).toMatchObject({ isError: true, document: { code: "invalid_request", issues: [{ path: "from_peer" }] } });
    expect(await callTool(docs, "ask", { peer_name: "nobody", query: "x" })).toMatchObject({
      isError: true,
      document: { code: "peer_not_found", status: 404 },
    });
    expect(await callTool(docs, "wait_on_ack", { id: "ask-1" })).toMatchObject({ isError: true, document: { code: "invalid_request" } });
  });

  it("list the others, and oneself only when asked to", async () => {
    const { api, mesh, ids } = await twoAgents();
    const names = async (input?: Record<string, unknown>) =>
      ((await callTool(api, "list_peers", input)).document["peers"] as { display_name: string }[]).map(({ display_name }) => display_name);
    expect(await names()).toEqual(expect.arrayContaining(["docs", "human"]));
    expect(await names()).not.toContain("api");
    expect(await names({ include_self: true })).toContain("api");
    await mesh.call("peers.offline", { id: ids.docs });
    expect(await names()).not.toContain("docs");
    expect(await names({ show_offline: true })).toContain("docs");
  });

  it("say what the agent works on, and notify and tell everybody", async () => {
    const { api, mesh, ids } = await twoAgents();
    expect((await callTool(api, "set_description", { description: "moving tests" })).document).toMatchObject({
      description: "moving tests",
    });
    expect((await callTool(api, "set_description", { description: " " })).document["description"]).toBeUndefined();
    expect((await callTool(api, "notify_peer", { peer_name: "docs", message: "done" })).document).toMatchObject({ queued: true });
    expect((await callTool(api, "broadcast", { message: "all done" })).document).toMatchObject({ queued: [ids.docs] });
    const { messages } = await mesh.call("deliveries.pending", { peer_id: ids.docs });
    expect(messages.map(({ kind, text, from_name }) => [kind, text, from_name])).toEqual([
      ["notify", "done", "api"],
      ["broadcast", "all done", "api"],
    ]);
  });

  it("read the inbox, and confirm with the next look what the last one gave", async () => {
    const { api, docs, mesh, ids } = await twoAgents();
    await callTool(docs, "notify_peer", { peer_name: "api", message: "one" });
    const asked = await callTool(docs, "ask", { peer_name: "api", query: "two?" });
    const { document } = await callTool(api, "inbox");
    expect(document).toMatchObject({
      messages: [{ kind: "notify", text: "one" }],
      asks: [{ correlation_id: asked.document["correlation_id"], text: "two?" }],
      total_asks: 1,
    });
    // Until then nothing is lost.
    expect((await mesh.call("messages.list", { peer_id: ids.api, state: "claimed" })).messages).toHaveLength(2);
    const again = await callTool(api, "inbox");
    expect(again.document).toMatchObject({ messages: [], asks: [{ text: "two?" }] });
    expect((await mesh.call("messages.list", { peer_id: ids.api, state: "delivered" })).messages).toHaveLength(2);
  });

  it("answer another peer's question, and never one that a person has to allow", async () => {
    const asks = functionExecutor(
      async ({ ask }) => (await ask({ kind: "choice", scope: "tool_permission", prompt: "Run ls?" })).decision ?? "",
    );
    const { api, docs, mesh } = await twoAgents({ manager: { executors: { asks }, profiles: { craft: { executor: "asks" } } } });
    const question = {
      kind: "choice",
      options: [
        { id: "a", title: "A" },
        { id: "b", title: "B" },
      ],
    };
    const { document } = await callTool(docs, "ask", { peer_name: "api", query: "Which?", question });
    const correlation_id = document["correlation_id"];
    expect(await callTool(api, "answer", { correlation_id, option_id: "b" })).toMatchObject({ isError: false });
    expect((await callTool(docs, "wait_on_ack", { correlation_id })).document).toMatchObject({ status: "resolved", option_id: "b" });

    const asked = new Promise<string>((resolve) => void mesh.manager.on("question", ({ question_id }) => resolve(question_id)));
    await mesh.manager.start({ prompt: "x" });
    const permission = await asked;
    // Whoever calls: an owner may allow it by other ways, but by no tool.
    const owner = await connectMcp(callerIn(mesh, localCaller));
    for (const client of [api, owner]) {
      const refused = await callTool(client, "answer", { correlation_id: permission, option_id: "allow_once" });
      expect(refused.isError).toBe(true);
    }
    expect((await mesh.manager.desk.get(permission)).status).toBe("open");
  });

  it("ask the person, who answers from elsewhere", async () => {
    const { api, mesh } = await twoAgents();
    const asked = new Promise<string>((resolve) => void mesh.manager.on("question", ({ question_id }) => resolve(question_id)));
    const waiting = callTool(api, "ask_user", {
      prompt: "Red or blue?",
      options: [
        { id: "red", title: "Red" },
        { id: "blue", title: "Blue" },
      ],
    });
    await mesh.call("questions.answer", { correlation_id: await asked, option_id: "blue" });
    expect((await waiting).document).toMatchObject({ outcome: "answered", option_id: "blue" });
  });
});

describe("the tools of attachments", () => {
  async function withFiles() {
    const folder = mkdtempSync(join(tmpdir(), "anode-mcp-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const work = join(folder, "work");
    mkdirSync(work);
    writeFileSync(join(folder, "secret"), "secret");
    writeFileSync(join(work, "report.md"), "all is well");
    symlinkSync("../secret", join(work, "link"));
    const kept: string[] = [];
    const files: NonNullable<OperationCaller["files"]> = {
      async upload(bytes, { filename }) {
        let text = "";
        for await (const chunk of bytes) text += new TextDecoder().decode(chunk);
        kept.push(`${filename}: ${text}`);
        return { id: "att-1", filename };
      },
      async download() {
        return {
          filename: "note.txt",
          bytes: (async function* () {
            yield new TextEncoder().encode("hello");
          })(),
        };
      },
    };
    const call: OperationCaller["call"] = async () => ({ scopes: ["read", "control"] });
    return { work, kept, client: await connectMcp({ call, files }, { folder: work }) };
  }

  it("read and write in the agent's own folder", async () => {
    const { client, kept, work } = await withFiles();
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["attachment_put", "attachment_get"]));
    expect((await callTool(client, "attachment_put", { path: "report.md" })).document).toMatchObject({ id: "att-1" });
    expect(kept).toEqual(["report.md: all is well"]);
    expect((await callTool(client, "attachment_get", { id: "att-1", save_as: "note.txt" })).document).toMatchObject({ size_bytes: 5 });
    expect(readFileSync(join(work, "note.txt"), "utf8")).toBe("hello");
    // Nothing is replaced.
    expect(await callTool(client, "attachment_get", { id: "att-1", save_as: "report.md" })).toMatchObject({ isError: true });
    expect(readFileSync(join(work, "report.md"), "utf8")).toBe("all is well");
  });

  it.each(["../secret", "link", "/etc/passwd", "missing", "."])("take nothing from %s", async (path) => {
    const { client, kept } = await withFiles();
    expect(await callTool(client, "attachment_put", { path })).toMatchObject({ isError: true, document: { code: "invalid_request" } });
    expect(kept).toEqual([]);
  });

  it.each(["../out", "link", "/tmp/anode-out", "missing/out"])("write nothing to %s", async (save_as) => {
    const { client, work } = await withFiles();
    expect(await callTool(client, "attachment_get", { id: "att-1", save_as })).toMatchObject({ isError: true });
    expect(readFileSync(join(work, "../secret"), "utf8")).toBe("secret");
  });
});
