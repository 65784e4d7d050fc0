import type { ListedTool } from "../../../lib/agent/index.js";
import { AnodeError, isErrorCode } from "../../../lib/errors.js";
import { isEvent } from "../../../lib/events/event-payloads.js";
import type { Client } from "../../client/index.js";
import type { Command } from "../context.js";
import type { Output } from "../output.js";
import { formatTable } from "../table.js";

/** `anode tools`: the tools that a profile has here, found as a run finds them. */
export const run: Command = async (line, { cwd, env, output }) => {
  const { openLocalRuns } = await import("../../daemon/index.js");
  const { createToolListing } = await import("../../../lib/agent/index.js");
  const profile = line.text("profile");
  const runs = await openLocalRuns({
    cwd,
    env,
    // What another executor offers is known to what it starts alone, and nothing is started here.
    around: (executor, ground) => (executor.kind === "agent" ? createToolListing(ground) : { ...executor, execute: listsNothing }),
  });
  for (const warning of runs.warnings) output.note(warning);
  try {
    const tools = await list(runs.client, profile, output);
    if (line.has("json")) output.json({ tools: tools ?? [] });
    else if (tools)
      output.data(
        formatTable(
          ["NAME", "LEVEL", "SOURCE"],
          tools.map(({ level, name, source }) => [name, level, source]),
        ),
      );
    else output.note(`${profile ?? "the profile"} is not the built-in agent: its tools are its own`);
    return 0;
  } finally {
    await runs.close();
  }
};

const listsNothing = async () => ({ status: "completed", stop_reason: "end_turn" }) as const;

/** @throws `unknown_profile`; what kept the tools from being opened */
async function list(client: Client, profile: string | undefined, output: Output): Promise<readonly ListedTool[] | undefined> {
  const { run_id: id } = await client.runs.start({ prompt: "tools", ...(profile !== undefined && { profile }) });
  for await (const event of client.runs.attach(id)) {
    if (!isEvent(event, "system.notice")) continue;
    const { level, code, text } = event.payload;
    output.note(`${level} ${code}: ${text}`);
  }
  const { error, error_code, result, status } = await client.runs.get({ id });
  if (status !== "completed")
    throw new AnodeError(error_code !== undefined && isErrorCode(error_code) ? error_code : "executor_error", error ?? status);
  return result === undefined ? undefined : (JSON.parse(result) as readonly ListedTool[]);
}
