import type { RunSummary } from "../../lib/runs/schema.js";
import { formatMembers } from "./table.js";

/** What a run took, one line each; what nobody knows is left out. */
export function formatStats({ cost_usd, model, num_turns, session_id, started_at, ended_at, usage }: RunSummary): string {
  const seconds = ended_at === undefined ? undefined : ((Date.parse(ended_at) - Date.parse(started_at)) / 1000).toFixed(1);
  return formatMembers({
    model,
    turns: num_turns,
    time: seconds && `${seconds} s`,
    ...Object.fromEntries(Object.entries(usage ?? {}).map(([name, count]) => [name.replaceAll("_", " "), count])),
    cost: cost_usd === undefined ? undefined : `${cost_usd.toFixed(4)} USD`,
    thread: session_id,
  });
}
