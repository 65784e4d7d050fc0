import type { FeedDraft } from "../events/step.js";
import type { Panes } from "../panes/panes.js";
import type { Contradiction, DoctorReport } from "../panes/schema.js";
import type { PeerLook } from "../peers/evidence.js";
import type { PeerRegistry } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";

/** Without a word on this part of a report nobody knows whether the contradiction is gone. */
const partOf: Partial<Record<Contradiction["code"], "pane" | "agent" | "hook">> = {
  PANE_MISSING: "pane",
  PANE_NOT_AGENT: "pane",
  AGENT_PID_DEAD: "agent",
  HOOK_PEERID_MISMATCH: "hook",
};

/** What is only found of a peer that is there. */
const ofPresence: ReadonlySet<string> = new Set<Contradiction["code"]>(["ONLINE_BUT_NO_WS", "DUPLICATE_SESSION", "QUEUE_NOT_DRAINED"]);

interface Parts {
  readonly peers: Pick<PeerRegistry, "byId" | "tell">;
  /** Without it nothing is known to be at odds. */
  readonly doctor: Pick<Panes, "examine"> | undefined;
}

/** Tells the feed of each contradiction of a peer once, and again when it was gone in between. A restart is no reason to tell it again. */
export class ToldContradictions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async looked(peer: PeerRecord, look: PeerLook): Promise<void> {
    const { doctor, peers } = this.#parts;
    const report = await doctor?.examine(peer, look);
    const { peer_id } = peer;
    const now = peers.byId(peer_id);
    // It may have been retired meanwhile.
    if (!report || !now || now.retired_at !== undefined) return;
    const { told = [] } = now;
    const news = report.contradictions.filter(({ code }) => !told.includes(code));
    const codes: readonly string[] = report.contradictions.map(({ code }) => code);
    const kept = told.filter((code) => codes.includes(code) || isUnknown(report, now, code));
    if (news.length === 0 && kept.length === told.length) return;
    const feed = news.map((one): FeedDraft => ({ type: "peer.contradiction", payload: { peer_id, ...one }, peer_id }));
    peers.tell(now, [...kept, ...news.map(({ code }) => code)], feed);
  }
}

function isUnknown(report: DoctorReport, peer: PeerRecord, code: string): boolean {
  // Behind a restart nobody has said yet whether it is there.
  if (ofPresence.has(code)) return peer.status === "offline" && peer.status_reason === "restart";
  const part = partOf[code as Contradiction["code"]];
  if (part === undefined) return false;
  return (
    report[part].probe === "unavailable" ||
    (code === "PANE_NOT_AGENT" && report.pane.agent_in_tree === undefined && report.pane.probe === "ok")
  );
}
