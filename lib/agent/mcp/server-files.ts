import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { codeOf, messageOf } from "../../thrown.js";
import { type AgentConfig, type McpServerConfig, mcpServers } from "../config-schema.js";

/** A server as some file names it. */
export interface NamedServer {
  readonly name: string;
  readonly config: McpServerConfig;
  /** False for a server of a workspace that nobody trusted: it is named and not started. */
  readonly isTrusted: boolean;
}

const file = z.looseObject({ mcpServers: mcpServers.exactOptional() });
const fileBytes = 1024 * 1024;

/** Whether the files of a workspace may name servers. */
export function mayNameServers(isTrusted: boolean, { mcp }: AgentConfig, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTrusted || mcp?.allowWorkspace === true || env["ANODE_ENABLE_WORKSPACE_MCP"] === "true";
}

/** The servers of `<home>/mcp.json` and of the workspace's files; a later one replaces an earlier of its name, if it may. */
export async function readServerFiles(options: {
  readonly home: string;
  readonly root: string;
  readonly isTrusted: boolean;
  /** Hears what is wrong with a file. */
  readonly wrong: (path: string, why: string) => Promise<void>;
}): Promise<NamedServer[]> {
  const { home, root, isTrusted, wrong } = options;
  const files = [
    { path: join(home, "mcp.json"), isTrusted: true },
    { path: join(root, "anode.json"), isTrusted },
    { path: join(root, ".mcp.json"), isTrusted },
  ];
  const servers = new Map<string, NamedServer>();
  for (const { path, isTrusted: counts } of files) {
    const found = await readServers(path).catch(async (error: unknown) => {
      await wrong(path, messageOf(error));
      return {};
    });
    for (const [name, config] of Object.entries(found)) {
      if (counts || !servers.has(name)) servers.set(name, { name, config, isTrusted: counts });
    }
  }
  return [...servers.values()];
}

async function readServers(path: string): Promise<Record<string, McpServerConfig>> {
  let text: string;
  try {
    if ((await stat(path)).size > fileBytes) throw new Error("it is larger than 1 MiB");
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
  const parsed = file.safeParse(json);
  if (parsed.success) return parsed.data.mcpServers ?? {};
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join(".") || "the file"} ${issue?.message}`);
}
