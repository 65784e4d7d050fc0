import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { formatMembers } from "../table.js";

/** `anode status`: the daemon's status document. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const document: Readonly<Record<string, unknown>> = await client.status({}, { retries: 0 });
    if (line.has("json")) context.output.json(document);
    else context.output.data(formatMembers(chosen(document)));
    return 0;
  });

/** What a person wants to know; the rest is in the JSON. */
function chosen(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { status, degraded, version, pid, uptime_ms, addresses, active_runs, runs, questions_open, store, containment } = document;
  return {
    status,
    degraded: Array.isArray(degraded) ? degraded.join(", ") : undefined,
    version,
    pid,
    uptime: typeof uptime_ms === "number" ? formatDuration(uptime_ms) : undefined,
    addresses: Array.isArray(addresses) ? addresses.join(", ") : undefined,
    "active runs": active_runs,
    runs: pairs(runs),
    "open questions": questions_open,
    store: pairs(store),
    containment: pairs(containment),
  };
}

function pairs(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0) return "none";
  return entries.map(([name, part]) => `${name} ${Array.isArray(part) ? part.join(" ") : String(part)}`).join(", ");
}

function formatDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first < 0 ? -1 : first)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}
