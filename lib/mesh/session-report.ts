import type { PeerRecord, TurnState } from "../peers/schema.js";
import type { ComposedMesh } from "./composed-mesh.js";
import { noteTurn, type TurnReport } from "./turns.js";

/** A peer's own report of what it does. */
export interface SessionReport {
  readonly status?: "online" | "busy";
  readonly turn_state?: TurnState;
  readonly model?: string;
  readonly session_id?: string;
  readonly metadata?: Record<string, unknown>;
  readonly turn?: TurnReport;
}

/** Takes note of a peer's own report. */
export function takeReport(
  { peers, links, courier, asks, manager }: ComposedMesh,
  peer: PeerRecord,
  { status, turn_state, turn, ...fields }: SessionReport,
): PeerRecord {
  // A composer that is idle ends no dialog; only a turn's own report does.
  const isNote = turn_state === "idle" && status === undefined && turn === undefined;
  const event = isNote
    ? ({ type: "composer_idle" } as const)
    : ({ type: "report", ...(status && { status }), ...(turn_state && { turn_state }) } as const);
  peers.touch(peer.peer_id);
  const next = peers.event(peer.peer_id, event, fields) ?? peer;
  if (turn_state === "idle" && next.turn_state === "idle") {
    links.idle(peer.peer_id);
    courier.resume(peer.peer_id);
  }
  if (turn) noteTurn(asks, manager.journal, next, turn);
  return next;
}
