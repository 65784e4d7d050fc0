import type { RunSummary } from "../../../lib/runs/schema.js";
import type { CommandLine } from "../command-line.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { formatTable, shorten } from "../table.js";

const header = ["ID", "STATUS", "PROFILE", "LABEL", "STARTED", "PROMPT"] as const;
const promptColumns = 60;
const largestPage = 1000;

/** `anode runs list`: runs as a table, newest first. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { output } = context;
    const limit = line.number("limit") ?? 100;
    const filters = filtersOf(line);
    const page =
      limit > largestPage
        ? { runs: await client.runs.all({ ...filters, limit: largestPage, max: limit }) }
        : await client.runs.list({ ...filters, limit });
    if (line.has("json")) output.json(page);
    else {
      output.data(formatTable(header, page.runs.map(toRow)));
      if ("next_cursor" in page) output.note(`there are more: --cursor ${page.next_cursor}, or --limit 0 for all`);
    }
    return 0;
  });

function filtersOf(line: CommandLine): { status?: string; origin?: string; cursor?: string } {
  const given = (["status", "origin", "cursor"] as const).map((name) => [name, line.text(name)]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function toRow({ id, status, profile, label, started_at, prompt }: RunSummary): string[] {
  return [id, status, profile, label, started_at.replace(/\.\d+Z$/, "Z"), shorten(prompt, promptColumns)];
}
