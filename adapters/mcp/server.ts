import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { version } from "../../lib/version.js";
import { callTool } from "./call-tool.js";
import { createComposedTools } from "./composed/index.js";
import { loadSdk } from "./load-sdk.js";
import type { OperationCaller } from "./operation-caller.js";
import { absentNouns } from "./served.js";
import { contractTools, type Tool } from "./tools.js";

/** What carries the messages of one MCP client; every transport of `@modelcontextprotocol/sdk` is one. */
export interface McpTransport {
  start(): Promise<void>;
  send(message: never): Promise<void>;
  close(): Promise<void>;
}

/** An MCP server with the contract's tools. */
export interface McpServer {
  /** Serves one client; a server is connected once. */
  connect(transport: McpTransport): Promise<void>;
  /** Ends the connection; calls under way are aborted. */
  close(): Promise<void>;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
}

/** How the contract is shown to an agent. */
export interface McpServerOptions {
  /** Largest document of an answer; a larger one is cut and says how to go on. @defaultValue 65536 */
  readonly limitBytes?: number;
  /** The agent's own folder, where files for attachments are read and written. @defaultValue the folder of this process */
  readonly folder?: string;
}

/**
 * A server whose tools are the operations of the contract that have a tool name and that the client may use.
 * @throws `not_supported` when `@modelcontextprotocol/sdk` is not installed
 */
export async function createMcpServer(client: OperationCaller, options: McpServerOptions = {}): Promise<McpServer> {
  const { limitBytes = 65_536, folder = process.cwd() } = options;
  const { Server, CallToolRequestSchema, ListToolsRequestSchema, McpError, ErrorCode } = await loadSdk();
  const tools = contractTools(createComposedTools(folder));
  const server = new Server({ name: "anode-daemon", version }, { capabilities: { tools: {} } });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.onclose = resolve;

  server.setRequestHandler(ListToolsRequestSchema, async () => {
    const allowed = await allowedTools(client, tools);
    return { tools: allowed.map(({ name, description, inputSchema, annotations }) => ({ name, description, inputSchema, annotations })) };
  });
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = tools.find((candidate) => candidate.name === params.name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${JSON.stringify(params.name.slice(0, 64))}.`);
    return callTool(client, tool, params.arguments ?? {}, { limitBytes, signal });
  });

  return {
    connect: (transport) => server.connect(transport as Transport),
    close: () => server.close(),
    closed,
  };
}

/** What the caller's scopes allow and what is served there: the others are refused anyway, so nobody is told of them. */
async function allowedTools(client: OperationCaller, tools: readonly Tool[]): Promise<Tool[]> {
  const { scopes } = (await client.call("auth.self", {})) as { readonly scopes: readonly string[] };
  const allowed = tools.filter(({ operation: { scope } }) => scope === "none" || scopes.includes(scope) || scopes.includes("admin"));
  const absent = await absentNouns(client);
  return allowed.filter(({ operation: { name } }) => !absent.has(name.split(".")[0] ?? ""));
}
