import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { AnodeError } from "../../errors.js";
import { messageOf } from "../../thrown.js";
import { version } from "../../version.js";
import type { AgentTool } from "../tool.js";
import type { Notice } from "../notices.js";
import type { ToolRoom } from "../tools/tool-room.js";
import { createCommandTransport } from "./command-transport.js";
import { expandVariables } from "./expand-variables.js";
import { loadMcpClient } from "./load-client.js";
import { sameOriginFetch } from "./same-origin-fetch.js";
import type { NamedServer } from "./server-files.js";
import { listTools } from "./server-tools.js";

/** What became of a server. */
export interface ServerStatus {
  readonly name: string;
  readonly status: "connected" | "failed" | "disabled" | "untrusted";
}

/** The MCP servers of a run. */
export interface Servers {
  readonly tools: readonly AgentTool[];
  readonly statuses: readonly ServerStatus[];
  close(): Promise<void>;
}

/**
 * Connects to all servers at once. One that fails has no tools and is told of.
 * @throws `mcp_failed` for a required one
 */
export async function openServers(room: ToolRoom, servers: readonly NamedServer[], notice: Notice, signal: AbortSignal): Promise<Servers> {
  const opened = await Promise.all(servers.map((server) => openServer(room, server, notice, signal)));
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(async ({ client }) => client?.close().catch(() => {})));
  };
  const lost = opened.find(({ status }, index) => status === "failed" && servers[index]?.config.required);
  if (lost || signal.aborted) {
    await close();
    signal.throwIfAborted();
    throw new AnodeError("mcp_failed", `The MCP server ${lost?.name} is required: ${lost?.why ?? "it failed"}.`);
  }
  return { tools: opened.flatMap(({ tools }) => tools), statuses: opened.map(({ name, status }) => ({ name, status })), close };
}

interface OpenedServer extends ServerStatus {
  readonly tools: readonly AgentTool[];
  readonly client?: Client;
  readonly why?: string;
}

async function openServer(
  room: ToolRoom,
  { name, config, isTrusted }: NamedServer,
  notice: Notice,
  signal: AbortSignal,
): Promise<OpenedServer> {
  if (config.disabled) return { name, status: "disabled", tools: [] };
  if (!isTrusted) return { name, status: "untrusted", tools: [] };
  const timeout = room.config.mcp?.connectTimeout ?? 10_000;
  let client: Client | undefined;
  let said = "";
  try {
    const { Client, StreamableHTTPClientTransport } = await loadMcpClient();
    client = new Client({ name: "anode-daemon", version });
    const transport =
      config.url === undefined
        ? createCommandTransport(
            room.commands,
            {
              run_id: room.run_id,
              argv: [config.command ?? "", ...(config.args ?? [])],
              cwd: config.cwd === undefined ? room.files.workspace.root : await room.files.workspace.resolve(config.cwd),
              env: expandVariables(config.env ?? {}, room.env),
              hidden: true,
              signal,
            },
            (line) => (said = `${said}${line}\n`.slice(-1000)),
          )
        : (new StreamableHTTPClientTransport(httpUrl(config.url), {
            requestInit: { headers: expandVariables(config.headers ?? {}, room.env) },
            fetch: sameOriginFetch,
          }) as Transport);
    const open = client;
    const tools = await within(timeout, signal, async () => {
      await open.connect(transport, { timeout, signal });
      return listTools(room, open, { name, config });
    });
    return { name, status: "connected", tools, client };
  } catch (error) {
    await client?.close().catch(() => {});
    if (signal.aborted) return { name, status: "failed", tools: [] };
    const isUnauthorized = error instanceof Error && "code" in error && error.code === 401;
    const why = isUnauthorized ? "it wants an authorization (401)" : `${messageOf(error)}${said.trim() === "" ? "" : ` (${said.trim()})`}`;
    await notice(
      config.required ? "error" : "warning",
      isUnauthorized ? "mcp_auth_required" : "mcp_failed",
      `The MCP server ${name} has no tools in this run: ${why}.`,
    );
    return { name, status: "failed", tools: [], why };
  }
}

function httpUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new Error("its url must begin with http: or https:");
  return url;
}

/** What takes longer is given up: a server may answer each request in time and still never be done. */
async function within<T>(ms: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => {};
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not connect within ${ms} ms`)), ms);
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
