import type { Client } from "../../client/index.js";
import type { OperationCaller } from "../../mcp/index.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";

/** `anode mcp`: the contract's tools over MCP on standard input and output, as a client of the daemon. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { serveMcp } = await import("../../mcp/index.js");
    await serveMcp(toCaller(client), { stdin: context.stdin });
    return 0;
  });

type Method = (input: object, options?: object) => Promise<unknown>;

/** `runs.start` is `client.runs.start`. */
function toCaller(client: Client): OperationCaller {
  return {
    call(operation, input, options) {
      const [first = "", verb] = operation.split(".");
      const part = (client as unknown as Record<string, Method & Record<string, Method>>)[first];
      const method = verb === undefined ? part : part?.[verb];
      return (method as Method)(input, options);
    },
  };
}
