import type { McpServer } from "./sdk.js";

/** A tool server that the agent shall use, as the configuration has it. */
export type AgentMcpServer =
  | { readonly name: string; readonly command: string; readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> }
  | { readonly name: string; readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  /** One that it gets not, for the run's readers. */
  | { readonly name: string; readonly status: "failed" | "disabled" | "untrusted" };

/** What became of a server, as `system.init` tells it. */
export interface McpServerStatus {
  readonly name: string;
  readonly status: "connected" | "failed" | "disabled" | "untrusted";
}

/** The servers that an agent can use, as the protocol names them, and what becomes of each; whether it connects only the agent knows. */
export function handOn(
  servers: readonly AgentMcpServer[],
  takesHttp: boolean,
): { readonly handed: McpServer[]; readonly statuses: readonly McpServerStatus[] } {
  const handed: McpServer[] = [];
  const statuses = servers.map((server): McpServerStatus => {
    const { name } = server;
    if ("status" in server) return server;
    if ("command" in server) handed.push({ name, command: server.command, args: [...(server.args ?? [])], env: pairs(server.env) });
    else if (takesHttp) handed.push({ type: "http", name, url: server.url, headers: pairs(server.headers) });
    else return { name, status: "failed" };
    return { name, status: "connected" };
  });
  return { handed, statuses };
}

function pairs(values: Readonly<Record<string, string>> = {}): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
