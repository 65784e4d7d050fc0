import type { PaneLook } from "../panes/look-at-pane.js";
import type { PeerRecord, RetireReason } from "./schema.js";

/** What a look gave: `unavailable` is neither a yes nor a no. */
export type Probe = "ok" | "fail" | "unavailable";

/** What a host can look at for us. Each look ends within a second, and never rejects. */
export interface PeerProbes {
  /** Whether the process is there and was started at that time. */
  process(pid: number, started: string): Promise<Probe>;
  /** Whether the pane is there and the recorded agent runs in it. */
  pane(peer: PeerRecord): Promise<PaneSight>;
  /** Whether the process runs inside the pane. */
  paneHolds(pane_id: string, pid: number): Promise<Probe>;
}

/** What a look at a pane gave, and what follows from it for its agent. */
export interface PaneSight {
  readonly evidence: Probe;
  readonly look: PaneLook;
}

/** What one look at a peer gave: of its process, and of its pane. */
export interface PeerLook {
  readonly process: Probe;
  readonly pane: PaneSight;
}

/** A look that told nothing, or was not taken. */
export const noLook: PaneSight = { evidence: "unavailable", look: { probe: "unavailable" } };

/** A host that cannot look at anything. */
export const noProbes: PeerProbes = {
  process: () => Promise.resolve("unavailable"),
  pane: () => Promise.resolve(noLook),
  paneHolds: () => Promise.resolve("unavailable"),
};

/** All that is known for and against a peer being there. */
export interface Evidence {
  /** A function within this process takes its messages. */
  readonly inProcess: boolean;
  readonly socket: boolean;
  /** Of backends `run` and `acp`. */
  readonly run?: "live" | "over";
  readonly process: Probe;
  readonly pane: Probe;
  /** Its hook has said three times in a row that the agent is not in the pane, or, without a process on record, so have three looks. */
  readonly paneGone: boolean;
  /** It has called lately. */
  readonly contact: boolean;
}

/** What follows from the evidence. */
export type Verdict =
  | { readonly type: "live" }
  | { readonly type: "offline"; readonly reason: string }
  | { readonly type: "retire"; readonly reason: RetireReason };

const live: Verdict = { type: "live" };

/**
 * The first that holds, in this order. A lost socket, a look that told nothing, or an empty list of panes demotes nobody by
 * itself; a dead agent does, whatever its socket says, since a hook can outlive its agent.
 */
export function judge(peer: Pick<PeerRecord, "role">, evidence: Evidence): Verdict {
  const { inProcess, socket, run, process, pane, paneGone, contact } = evidence;
  if (inProcess || peer.role === "human") return live;
  if (run !== undefined) return run === "live" ? live : { type: "retire", reason: "run_ended" };
  if (process === "fail" && pane === "fail") return { type: "retire", reason: "agent_exited" };
  if (paneGone) return { type: "retire", reason: "pane_missing" };
  if (process === "fail" && pane === "unavailable" && !socket) return { type: "offline", reason: "agent_exited" };
  if (socket || process === "ok" || pane === "ok" || contact) return live;
  return { type: "offline", reason: "no_evidence" };
}
