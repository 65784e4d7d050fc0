import type { PeerRecord, PeerStatus, TurnState } from "./schema.js";

/** What happened to a peer, as far as its status is concerned. */
export type PeerEvent =
  /** A prompt was sent, a message was pasted, a run took an input. */
  | { readonly type: "working" }
  /** The turn has ended and nothing goes on. */
  | { readonly type: "finished" }
  /** A dialog is open: only a person may type. */
  | { readonly type: "dialog" }
  /** The composer is idle, says the runtime; a dialog may still be open. */
  | { readonly type: "composer_idle" }
  /** Started with a first message that it has not read yet. */
  | { readonly type: "launched" }
  /** The peer's own word. */
  | { readonly type: "report"; readonly status?: "online" | "busy"; readonly turn_state?: TurnState }
  /** Nothing was reported for so long that nobody knows. */
  | { readonly type: "stale" }
  | { readonly type: "seen" }
  | { readonly type: "absent"; readonly reason: string };

/** The part of a peer that events change. */
export type PeerState = Pick<PeerRecord, "status" | "status_reason" | "turn_state">;

/** The state after the event; the same object when nothing changes. The only place where a peer's status is decided. */
export function nextState(state: PeerState, event: PeerEvent): PeerState {
  const next = after(state, event);
  return next.status === state.status && next.turn_state === state.turn_state && next.status_reason === state.status_reason ? state : next;
}

function after(state: PeerState, event: PeerEvent): PeerState {
  switch (event.type) {
    case "working":
      return of("busy", "working");
    case "finished":
      return of("online", "idle");
    case "dialog":
      return state.status === "offline" ? state : of(state.status, "awaiting_input");
    case "composer_idle":
      return state.turn_state === "awaiting_input" || state.status === "offline" ? state : of("online", "idle");
    case "launched":
      return state.turn_state === undefined ? of(state.status, "pending_first_turn") : state;
    case "report":
      return of(event.status ?? live(state.status), event.turn_state ?? state.turn_state);
    case "stale":
      return { status: "online", status_reason: "stale_busy" };
    case "seen":
      return state.status === "offline" ? of("online", state.turn_state) : state;
    case "absent":
      return { status: "offline", status_reason: event.reason };
  }
}

function live(status: PeerStatus): PeerStatus {
  return status === "offline" ? "online" : status;
}

function of(status: PeerStatus, turn_state: TurnState | undefined): PeerState {
  return turn_state === undefined ? { status } : { status, turn_state };
}
