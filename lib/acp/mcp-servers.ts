import type { McpServer } from "./sdk.js";

/** A tool server that the agent shall use, as the configuration has it. */
export type AgentMcpServer =
  | { readonly name: string; readonly command: string; readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> }
  | { readonly name: string; readonly url: string; readonly headers?: Readonly<Record<string, string>> };

/** The servers as the protocol names them. */
export function toMcpServers(servers: readonly AgentMcpServer[]): McpServer[] {
  return servers.map((server) =>
    "command" in server
      ? { name: server.name, command: server.command, args: [...(server.args ?? [])], env: pairs(server.env) }
      : { type: "http", name: server.name, url: server.url, headers: pairs(server.headers) },
  );
}

function pairs(values: Readonly<Record<string, string>> = {}): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
