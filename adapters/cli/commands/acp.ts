import { join } from "node:path";
import { homeFolder } from "../../../lib/node/home-folder.js";
import type { Client } from "../../client/index.js";
import { misuse, type CommandLine } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { withClient } from "../open-client.js";
import { spawningDaemon } from "../spawn-daemon.js";

/** `anode acp`: the daemon's runs as an agent for editors, on standard input and output. */
export const run: Command = async (line, context) => {
  if (line.has("no-daemon")) {
    if (line.text("daemon") !== undefined) throw misuse("--no-daemon and --daemon exclude each other.");
    return withLocalRuns(context, (client) => serve(client, line, context));
  }
  await spawningDaemon(line, context, (retries) =>
    withClient(line, context, (client) => client.health({}, { ...(retries !== undefined && { retries }) })),
  );
  return withClient(line, context, (client) => serve(client, line, context));
};

async function serve(client: Client, line: CommandLine, { env, stdin }: Context): Promise<number> {
  const { serveAcp } = await import("../../acp/index.js");
  const profile = line.text("profile");
  await serveAcp(client, {
    stdin,
    pairsFile: join(homeFolder(env), "acp-sessions.json"),
    // From inside a run nobody approves: its questions go to the approvers above.
    approves: !env["ANODE_RUN_ID"],
    ...(profile !== undefined && { profile }),
  });
  return 0;
}

/** Runs in this process, gone with it. */
async function withLocalRuns(context: Context, work: (client: Client) => Promise<number>): Promise<number> {
  const { openLocalRuns } = await import("../../daemon/index.js");
  const { client, close, warnings } = await openLocalRuns(context);
  for (const warning of warnings) context.output.note(warning);
  try {
    return await work(client);
  } finally {
    await close();
  }
}
