import { basename } from "node:path";
import { isAnodeError } from "../../lib/errors.js";
import { type Client, connect, type ConnectOptions } from "../client/index.js";

/** The client that an MCP server acts through. */
export interface McpPeer {
  /** Found with the first call, so that the daemon may come later than the server. */
  client(): Promise<Client>;
  /** Retires a peer that was registered for the server alone. */
  close(): Promise<void>;
}

/**
 * An MCP server acts as the peer that its agent is: by its run's token, or by the file of its pane. Where it has none, a peer
 * without a pane is registered for as long as the server lives. Without a mesh, and for who may register nothing, it is whoever it is.
 */
export function createMcpPeer(options: ConnectOptions, cwd: string): McpPeer {
  const opened: Client[] = [];
  let registered: string | undefined;
  let found: Promise<Client> | undefined;

  const open = async (given: ConnectOptions): Promise<Client> => {
    const client = await connect(given);
    opened.push(client);
    return client;
  };

  async function find(): Promise<Client> {
    const plain = await open(options);
    if (!(await lacksPeer(plain))) return plain;
    const register = async (): Promise<string | undefined> => {
      const { peer, peer_token } = await plain.peers.register({
        backend: "service",
        name: nameOf(cwd),
        path: cwd,
        capabilities: ["pull"],
      });
      registered = peer.peer_id;
      return peer_token;
    };
    try {
      const first = await register();
      let isFirst = true;
      // Asked again when the token was refused: the daemon has forgotten us, and is told anew.
      const token = async (): Promise<string | undefined> => {
        if (!isFirst) return register();
        isFirst = false;
        return first;
      };
      return await open({ ...options, token });
    } catch (error) {
      if (isAnodeError(error) && error.code === "scope_required") return plain;
      throw error;
    }
  }

  return {
    client: () =>
      (found ??= find().catch((error: unknown) => {
        found = undefined;
        throw error;
      })),
    async close() {
      const client = await found?.catch(() => undefined);
      if (client && registered !== undefined) await client.peers.remove({ id: registered }).catch(() => {});
      for (const one of opened) await one.close();
    },
  };
}

async function lacksPeer(client: Client): Promise<boolean> {
  try {
    await client.peers.whoami();
    return false;
  } catch (error) {
    if (isAnodeError(error) && error.code === "not_supported") return false;
    if (isAnodeError(error) && error.code === "peer_not_found") return true;
    throw error;
  }
}

/** The folder as a name; where somebody else has it, the daemon adds a number. */
function nameOf(cwd: string): string {
  const folder = basename(cwd)
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "");
  return `${(folder || "agent").replace(/^peer-/, "").slice(0, 56) || "agent"}-mcp`;
}
