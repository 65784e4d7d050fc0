import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { onTestFinished } from "vitest";
import type { OperationCaller } from "../../../adapters/mcp/operation-caller.js";
import { createMcpServer, type McpServerOptions } from "../../../adapters/mcp/server.js";
import { type Caller, localCaller } from "../../../lib/caller.js";
import { operations } from "../../../lib/contract/index.js";
import { createPerform } from "../../../lib/contract/perform.js";
import { createServices } from "../../../lib/contract/services.js";
import type { RunManager } from "../../../lib/runs/manager.js";

/** The contract over a manager in this process, as a client of it sees it. */
export function callerOf(manager: RunManager, caller: Caller = localCaller): OperationCaller {
  const perform = createPerform(createServices(manager), manager.idempotency);
  return {
    async call(name, input, { signal = new AbortController().signal } = {}) {
      const operation = operations.find((candidate) => candidate.name === name);
      if (!operation) throw new Error(`There is no operation ${name}.`);
      const { body } = await perform(operation, { ...input }, { caller, signal, requestId: "q-1", accept: "application/json" });
      return body;
    },
  };
}

/** A client of the MCP SDK, connected to a server over the given caller. */
export async function connectMcp(caller: OperationCaller, options?: McpServerOptions): Promise<Client> {
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  const server = await createMcpServer(caller, options);
  const client = new Client({ name: "test", version: "0" });
  await Promise.all([server.connect(serverSide), client.connect(clientSide)]);
  onTestFinished(() => client.close());
  return client;
}

/** The result of a tool call, after checking that its text says the same as its document. */
export async function callTool(
  client: Client,
  name: string,
  input: Record<string, unknown> = {},
): Promise<{ document: Record<string, unknown>; isError: boolean; bytes: number }> {
  const { content, structuredContent, isError = false } = (await client.callTool({ name, arguments: input })) as CallToolResult;
  const [text] = content;
  if (text?.type !== "text" || JSON.stringify(structuredContent) !== text.text) throw new Error("Text and document differ.");
  return { document: structuredContent as Record<string, unknown>, isError, bytes: new TextEncoder().encode(text.text).length };
}
