import { Readable, Writable } from "node:stream";
import { type AgentAppOptions, createAgentApp } from "./agent-app.js";
import type { RunsClient } from "./runs-client.js";
import { loadSdk } from "./sdk.js";
import { openSessionPairs } from "./session-pairs.js";

/** What an editor is served with. */
export interface ServeAcpOptions extends AgentAppOptions {
  /** Where the pairs of sessions and threads are kept. */
  readonly pairsFile: string;
  /** @defaultValue the standard input of the process */
  readonly stdin?: Readable;
  /** @defaultValue the standard output of the process */
  readonly stdout?: Writable;
}

/**
 * Serves runs as an agent on standard input and output; resolves when the input has ended and what worked for it too.
 * Nothing else may be written to that output meanwhile.
 * @throws `not_supported` when `@agentclientprotocol/sdk` is not installed
 */
export async function serveAcp(client: RunsClient, options: ServeAcpOptions): Promise<void> {
  const { stdin = process.stdin, stdout = process.stdout } = options;
  const sdk = await loadSdk();
  const served = createAgentApp(sdk, client, openSessionPairs(options.pairsFile), options);
  const input = Readable.toWeb(stdin) as ReadableStream<Uint8Array>;
  const connection = served.app.connect(sdk.ndJsonStream(Writable.toWeb(stdout) as WritableStream<Uint8Array>, input));
  await connection.closed;
  await served.close();
}
