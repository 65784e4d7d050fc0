import { isAwaited, type PeerRecord } from "../peers/schema.js";
import { parseTime } from "../system-host.js";
import { type Contradiction, type DoctorReport, hasPaneHook, paneBackends } from "./schema.js";

/** What is known beside a report. */
export interface Surroundings {
  /** Another live peer with the same backend and session. */
  readonly twin?: string;
}

/** Age from which an open ask, or a waiting message of a peer that is there, is odd. */
const staleAskMs = 1_800_000;
const staleMessageMs = 300_000;
/** Time after which a socket that was to come will not come by itself. */
const overdueLinkMs = 600_000;

/** Where the parts of a report disagree. What is unavailable disagrees with nothing. */
export function contradictionsOf(report: Omit<DoctorReport, "contradictions">, peer: PeerRecord, { twin }: Surroundings): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (code: Contradiction["code"], severity: Contradiction["severity"], remedy: Contradiction["remedy"], detail: string): void =>
    void found.push({ code, severity, detail, remedy });
  const { link, pane, hook, agent, run, inbox, status } = report;
  const pushes = (paneBackends as readonly string[]).includes(report.backend);
  // A socket of a plugin's is nothing that we could start.
  const rehook = hasPaneHook(peer) ? "rehook" : "none";

  if (pushes && status !== "offline" && !link.connected) add("ONLINE_BUT_NO_WS", "error", rehook, "It counts as there, but has no socket.");
  // Its agent runs, and nobody has come to speak for it.
  const isThere = agent.probe === "ok" || pane.agent_in_tree === true;
  if (isAwaited(peer) && isThere && parseTime(report.checked_at) - parseTime(peer.registered_at) >= overdueLinkMs)
    add("ONLINE_BUT_NO_WS", "error", rehook, "It is there, but its socket has never come.");
  if (peer.pane_id !== undefined && pane.probe === "fail")
    add("PANE_MISSING", "error", "unregister", `The pane ${peer.pane_id} is not there.`);
  if (pane.agent_in_tree === false) add("PANE_NOT_AGENT", "error", "link", `The agent is not among the processes of ${pane.pane_id}.`);
  if (agent.probe === "fail") add("AGENT_PID_DEAD", "error", "unregister", `Process ${agent.pid} is gone, or is another one by now.`);
  if (hook.peer_id !== undefined && hook.peer_id !== report.peer_id) {
    add(
      "HOOK_PEERID_MISMATCH",
      "error",
      rehook,
      `The hook of ${pane.pane_id ?? peer.pane_id} is that of ${hook.display_name ?? hook.peer_id}.`,
    );
  }
  if (run.probe === "fail") add("RUN_ENDED", "error", "unregister", `The run ${run.run_id} has ended.`);
  if (link.pane_id !== undefined && link.pane_id !== peer.pane_id) {
    add("WS_PANE_MISMATCH", "warning", rehook, `The socket is bound to ${link.pane_id}, the peer to ${peer.pane_id ?? "no pane"}.`);
  }
  if (twin !== undefined) add("DUPLICATE_SESSION", "warning", "unregister", `${twin} has the same session.`);
  if ((inbox.oldest_age_ms ?? 0) > staleAskMs) {
    add(
      "STALE_PENDING_ASK",
      "warning",
      "answer",
      `${inbox.oldest_correlation_id ?? "An ask"} has been open for ${Math.round((inbox.oldest_age_ms ?? 0) / 1000)} s.`,
    );
  }
  if (status !== "offline" && (inbox.oldest_queued_age_ms ?? 0) > staleMessageMs) {
    add("QUEUE_NOT_DRAINED", "warning", rehook, `A message has waited for ${Math.round((inbox.oldest_queued_age_ms ?? 0) / 1000)} s.`);
  }
  return found;
}
