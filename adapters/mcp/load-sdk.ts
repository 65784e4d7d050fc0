import { AnodeError } from "../../lib/errors.js";
import { isMissingPackage } from "../../lib/thrown.js";

const importSdk = () =>
  Promise.all([
    import("@modelcontextprotocol/sdk/server/index.js"),
    import("@modelcontextprotocol/sdk/server/stdio.js"),
    import("@modelcontextprotocol/sdk/types.js"),
  ]);

/**
 * The parts of the optional package that the server needs, loaded when one is made.
 * @throws `not_supported` naming the package and the command that installs it
 */
export async function loadSdk(importParts = importSdk) {
  try {
    const [{ Server }, { StdioServerTransport }, types] = await importParts();
    const { CallToolRequestSchema, ListToolsRequestSchema, McpError, ErrorCode } = types;
    return { Server, StdioServerTransport, CallToolRequestSchema, ListToolsRequestSchema, McpError, ErrorCode };
  } catch (error) {
    if (!isMissingPackage(error)) throw error;
    throw new AnodeError("not_supported", "The MCP door needs the package @modelcontextprotocol/sdk, which is not installed.", {
      cause: error,
      details: { ability: "mcp", package: "@modelcontextprotocol/sdk", hint: "npm install @modelcontextprotocol/sdk" },
    });
  }
}
