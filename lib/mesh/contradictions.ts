import type { Journal } from "../events/journal.js";
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

interface Parts {
  readonly journal: Journal;
  readonly peers: Pick<PeerRegistry, "byId">;
  /** Without it nothing is known to be at odds. */
  readonly doctor: Pick<Panes, "examine"> | undefined;
}

/** Tells the feed of each contradiction of a peer once, and again when it was gone in between. */
export class Contradictions {
  readonly #parts: Parts;
  readonly #told = new Map<string, ReadonlySet<Contradiction["code"]>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async looked(peer: PeerRecord, look: PeerLook): Promise<void> {
    const { doctor, peers, journal } = this.#parts;
    const report = await doctor?.examine(peer, look);
    const { peer_id } = peer;
    // It may have been retired meanwhile.
    if (!report || peers.byId(peer_id)?.retired_at !== undefined) return;
    const told = this.#told.get(peer_id) ?? new Set();
    const news = report.contradictions.filter(({ code }) => !told.has(code));
    const unknown = [...told].filter((code) => isUnknown(report, code));
    const codes = new Set([...report.contradictions.map(({ code }) => code), ...unknown]);
    if (codes.size > 0) this.#told.set(peer_id, codes);
    else this.#told.delete(peer_id);
    const feed = news.map((one) => ({ type: "peer.contradiction", payload: { peer_id, ...one }, peer_id }));
    if (feed.length > 0) journal.append({ feed });
  }

  forget(peer_id: string): void {
    this.#told.delete(peer_id);
  }
}

function isUnknown(report: DoctorReport, code: Contradiction["code"]): boolean {
  const part = partOf[code];
  if (part === undefined) return false;
  return (
    report[part].probe === "unavailable" ||
    (code === "PANE_NOT_AGENT" && report.pane.agent_in_tree === undefined && report.pane.probe === "ok")
  );
}
