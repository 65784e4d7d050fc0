import type { Readable, Writable } from "node:stream";
import { loadSdk } from "./load-sdk.js";
import type { OperationCaller } from "./operation-caller.js";
import { createMcpServer, type McpServerOptions } from "./server.js";

/** The same over a pair of streams. */
export interface ServeMcpOptions extends McpServerOptions {
  /** @defaultValue the standard input of the process */
  readonly stdin?: Readable;
  /** @defaultValue the standard output of the process */
  readonly stdout?: Writable;
}

/**
 * Serves the contract's tools on standard input and output; resolves when the input has ended.
 * Nothing else may be written to that output meanwhile.
 * @throws `not_supported` when `@modelcontextprotocol/sdk` is not installed
 */
export async function serveMcp(client: OperationCaller, options: ServeMcpOptions = {}): Promise<void> {
  const { stdin = process.stdin, stdout = process.stdout } = options;
  const { StdioServerTransport } = await loadSdk();
  const server = await createMcpServer(client, options);
  const close = (): void => void server.close();
  // The transport itself does not notice that its other end has gone.
  stdin.once("end", close);
  stdin.once("close", close);
  stdout.once("error", close);
  await server.connect(new StdioServerTransport(stdin, stdout));
  await server.closed;
  stdin.off("end", close);
  stdin.off("close", close);
  stdout.off("error", close);
}
