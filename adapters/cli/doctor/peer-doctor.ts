import type { DoctorReport } from "../../../lib/panes/schema.js";
import type { CommandLine } from "../command-line.js";
import type { Context } from "../context.js";
import { withClient } from "../open-client.js";
import { formatTable } from "../table.js";
import type { Finding } from "./finding.js";

/** What is the matter with a peer, one line for each part and each contradiction; exit 1 when one fails. */
export async function doctorPeer(peer: string, line: CommandLine, context: Context): Promise<number> {
  return withClient(line, context, async (client) => {
    const { output } = context;
    const circle = line.text("circle");
    const report = await client.peers.doctor({ id: peer, ...(circle !== undefined && { circle }) });
    if (line.has("json")) output.json(report);
    else output.data(formatTable(["CHECK", "STATUS", "DETAIL"], rowsOf(report)));
    const isLost = report.contradictions.some(({ remedy }) => remedy === "rehook");
    if (isLost && line.has("fix")) {
      const { reason } = await client.peers.rehook({ id: report.peer_id, apply: true });
      output.note(`rehook: ${reason}`);
    } else if (isLost) output.note("--fix tries to give it its hook back");
    return report.contradictions.some(({ severity }) => severity === "error") ? 1 : 0;
  });
}

const statuses = { ok: "ok", fail: "fail", unavailable: "skip" } as const;

function rowsOf(report: DoctorReport): string[][] {
  const { link, pane, hook, agent, run, inbox, contradictions } = report;
  const waits = `${inbox.pending_asks} open asks, ${inbox.queued} messages wait`;
  // What a peer does not have is not looked at, and not told.
  const seen = Object.entries({ pane, hook, agent, run }).filter(
    ([, part]) => Object.keys(part).length > 1 || part.probe !== "unavailable",
  );
  return [
    ["peer", "ok", `${report.display_name} ${report.peer_id}, ${report.backend} in ${report.circle}, ${report.status}`],
    ["link", link.connected ? "ok" : "skip", link.connected ? `connected${link.receipts ? ", with receipts" : ""}` : "no socket"],
    ...seen.map(([name, { probe, ...rest }]) => [name, statuses[probe], described(rest)]),
    ["inbox", "ok", waits],
    ...contradictions.map(({ code, severity, detail, remedy }) => [
      code,
      (severity === "error" ? "fail" : "warn") satisfies Finding["status"],
      remedy === "none" ? detail : `${detail}; remedy: ${remedy}`,
    ]),
  ];
}

function described(members: object): string {
  const told = Object.entries(members).map(([name, value]) => `${name} ${String(value)}`);
  return told.join(", ") || "nothing is known";
}
