import { AnodeError } from "../../errors.js";
import { isMissingPackage } from "../../thrown.js";

const importSdk = () =>
  Promise.all([import("@modelcontextprotocol/sdk/client/index.js"), import("@modelcontextprotocol/sdk/client/streamableHttp.js")]);

/**
 * The parts of the optional package that a client needs, loaded when a server is configured.
 * @throws `executor_unavailable` naming the package and the command that installs it
 */
export async function loadMcpClient(importParts = importSdk) {
  try {
    const [{ Client }, { StreamableHTTPClientTransport }] = await importParts();
    return { Client, StreamableHTTPClientTransport };
  } catch (error) {
    if (!isMissingPackage(error)) throw error;
    throw new AnodeError("executor_unavailable", "MCP servers need the package @modelcontextprotocol/sdk, which is not installed.", {
      cause: error,
      details: { package: "@modelcontextprotocol/sdk", hint: "npm install @modelcontextprotocol/sdk" },
    });
  }
}
