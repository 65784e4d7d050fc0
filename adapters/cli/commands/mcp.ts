import type { Client } from "../../client/index.js";
import type { OperationCaller } from "../../mcp/index.js";
import type { Command } from "../context.js";
import { createMcpPeer } from "../mcp-peer.js";

/** `anode mcp`: the contract's tools over MCP on standard input and output, as the peer that its agent is. */
export const run: Command = async (_line, { env, cwd, stdin }) => {
  const { serveMcp } = await import("../../mcp/index.js");
  const peer = createMcpPeer({ env }, cwd);
  try {
    await serveMcp(toCaller(peer.client), { stdin, folder: cwd });
    return 0;
  } finally {
    await peer.close();
  }
};

type Method = (input: object, options?: object) => Promise<unknown>;

/** `runs.start` is `client.runs.start`. */
function toCaller(client: () => Promise<Client>): OperationCaller {
  return {
    async call(operation, input, options) {
      const [first = "", verb] = operation.split(".");
      const part = ((await client()) as unknown as Record<string, Method & Record<string, Method>>)[first];
      const method = verb === undefined ? part : part?.[verb];
      return (method as Method)(input, options);
    },
    files: {
      upload: async (bytes, details, options) => (await client()).attachments.upload(bytes, details, options),
      download: async (id, options) => (await client()).attachments.download({ id }, options),
    },
  };
}
