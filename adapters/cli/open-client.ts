import { AnodeError, isAnodeError } from "../../lib/errors.js";
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
  } catch (error) {
    throw withSource(error);
  } finally {
    await client.close();
  }
}

const sources = "The token is that of ANODE_TOKEN, else of the home folder; where the daemon runs, `anode token show` shows its own.";

/** A refused credential, with where it came from. */
function withSource(error: unknown): unknown {
  if (!isAnodeError(error) || (error.code !== "auth_required" && error.code !== "auth_invalid")) return error;
  return new AnodeError(error.code, error.message, { cause: error, details: { hint: sources, ...error.details } });
}
