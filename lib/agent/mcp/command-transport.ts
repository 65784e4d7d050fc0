import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { Commands, RunCommand, OpenCommand } from "../../node/index.js";

/** MCP over the standard streams of a contained command. */
export function createCommandTransport(
  commands: Commands,
  command: Omit<RunCommand, "onOutput">,
  onError: (line: string) => void,
): Transport {
  let opened: OpenCommand | undefined;
  const transport: Transport = {
    async start() {
      opened = await commands.open({
        ...command,
        onError,
        onLine(line) {
          if (line.trim() === "") return;
          let message: JSONRPCMessage;
          try {
            message = JSON.parse(line) as JSONRPCMessage;
          } catch {
            // Servers are known to print a greeting; the protocol goes on.
            return transport.onerror?.(new Error("The server wrote a line that is not JSON."));
          }
          transport.onmessage?.(message);
        },
      });
      void opened.ended.catch(() => {}).then(() => transport.onclose?.());
    },
    async send(message) {
      if (!opened) throw new Error("The server was not started.");
      await opened.send(JSON.stringify(message));
    },
    async close() {
      await opened?.close();
    },
  };
  return transport;
}
