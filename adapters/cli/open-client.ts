import { type Client, connect } from "../client/index.js";
import type { CommandLine } from "./command-line.js";
import type { Context } from "./context.js";

/**
 * Does work with a client of the daemon that was named or can be found, and closes it.
 * @throws `connection_refused` when no daemon answers
 */
export async function withClient<Value>(line: CommandLine, { env }: Context, work: (client: Client) => Promise<Value>): Promise<Value> {
  const daemon = line.text("daemon");
  const client = await connect({ env, ...(daemon !== undefined && { daemon }) });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
