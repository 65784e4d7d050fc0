import { AnodeError } from "../../errors.js";
import type { RunContext } from "../../runs/executor.js";
import { messageOf } from "../../thrown.js";
import type { AgentConfig, McpServerConfig } from "../config-schema.js";
import { noticesOf } from "../notices.js";
import { createTrust } from "../trust.js";
import { openWorkspace, type Workspace } from "../workspace/workspace.js";
import { expandVariables } from "./expand-variables.js";
import { mayNameServers, type NamedServer, readServerFiles } from "./server-files.js";

/** A server for an agent that connects by itself, or why it gets none. */
export type ForeignServer =
  | { readonly name: string; readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }
  | { readonly name: string; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly name: string; readonly status: "failed" | "disabled" | "untrusted" };

/** What tells which servers there are. */
export interface ForeignServersOptions {
  readonly config: AgentConfig;
  /** The home folder. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The MCP servers of the built-in agent, for an agent that is not ours.
 * @throws `mcp_failed` when a run asks, for a required server that cannot be handed on
 */
export function createForeignServers(
  options: ForeignServersOptions,
): (run: { readonly context: RunContext; readonly cwd: string }) => Promise<readonly ForeignServer[]> {
  const { config, env, home } = options;
  return async ({ context, cwd }) => {
    const notice = noticesOf(context);
    const workspace = await openWorkspace({ cwd, home });
    const isTrusted = mayNameServers(createTrust(home).has(workspace.root), config, env);
    const wrong = (path: string, why: string): Promise<void> => notice("warning", "mcp_failed", `${path} is skipped: ${why}.`);
    const named = await readServerFiles({ home, root: workspace.root, isTrusted, wrong });
    return Promise.all(
      named.map(async (server): Promise<ForeignServer> => {
        const { name, config: wanted } = server;
        try {
          return await handedOn(server, workspace, env);
        } catch (error) {
          const text = `The MCP server ${name} is not handed to the agent: ${messageOf(error)}.`;
          if (wanted.required) throw new AnodeError("mcp_failed", text, { cause: error });
          await notice("warning", "mcp_failed", text);
          return { name, status: "failed" };
        }
      }),
    );
  };
}

async function handedOn(
  { name, config, isTrusted }: NamedServer,
  workspace: Workspace,
  env: ForeignServersOptions["env"],
): Promise<ForeignServer> {
  if (config.disabled) return { name, status: "disabled" };
  if (!isTrusted) return { name, status: "untrusted" };
  // Who connects by itself sees all tools of a server: it cannot be held to some of them.
  if (config.includeTools || config.excludeTools) throw new Error("its tools are to be chosen from, which is not ours to do there");
  if (config.url !== undefined) return { name, url: config.url, headers: expandVariables(config.headers ?? {}, env) };
  return { name, ...(await commandOf(config, workspace)), env: expandVariables(config.env ?? {}, env) };
}

/** The protocol knows no folder of a server: where one is named, a shell goes there first. */
async function commandOf(
  { command = "", args = [], cwd }: McpServerConfig,
  workspace: Workspace,
): Promise<{ command: string; args: readonly string[] }> {
  if (cwd === undefined) return { command, args };
  return { command: "/bin/sh", args: ["-c", 'cd "$0" && exec "$@"', await workspace.resolve(cwd), command, ...args] };
}
