import { isAnodeError } from "../../lib/errors.js";
import type { Peer } from "../../lib/peers/schema.js";
import type { Client } from "../client/index.js";
import type { CommandLine } from "./command-line.js";
import type { Command, Context } from "./context.js";
import { withClient } from "./open-client.js";

/** A command of one call: its document as JSON, or as text. */
export function meshCommand<Document extends object>(
  call: (client: Client, line: CommandLine, context: Context) => Promise<Document>,
  show: (document: Document, line: CommandLine, context: Context) => void,
): Command {
  return (line, context) =>
    withClient(line, context, async (client) => {
      const document = await call(client, line, context);
      if (line.has("json")) context.output.json(document);
      else show(document, line, context);
      return 0;
    });
}

/** The peer that is named; without a name the caller's own, which for a person is `human`. */
export async function peerOr(client: Client, name: string | undefined): Promise<Peer> {
  if (name !== undefined) return client.peers.get({ id: name });
  try {
    return await client.peers.whoami();
  } catch (error) {
    if (isAnodeError(error) && error.code === "peer_not_found") return client.peers.get({ id: "human", circle: "default" });
    throw error;
  }
}

/** The name or id that a command begins with. */
export function firstWord(line: CommandLine): string {
  return [...line.words, ...line.rest][0] ?? "";
}

/** A time without its milliseconds. */
export function shortTime(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
