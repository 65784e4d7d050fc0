import type { FeedDraft } from "../events/step.js";
import type { PeerRecord, PeerRegistration, PeerUpdate } from "./schema.js";
import type { PeerState } from "./transitions.js";

/** What of a new peer does not follow from its registration. */
export interface NewPeer {
  readonly peer_id: string;
  readonly display_name: string;
  readonly circle: string;
  /** Name of this host. */
  readonly machine: string;
  readonly now: string;
}

/** A peer as it begins. */
export function newPeer(input: PeerRegistration, { now, machine, ...named }: NewPeer): PeerRecord {
  return {
    peer_id: named.peer_id,
    display_name: named.display_name,
    backend: input.backend,
    circle: named.circle,
    circle_source: input.circle_source ?? (input.circle === undefined ? "default" : "explicit"),
    role: input.role ?? "agent",
    status: "online",
    machine: input.machine ?? machine,
    accepts_jobs: input.accepts_jobs ?? false,
    capabilities: input.capabilities ?? [],
    ...described(input),
    registered_at: now,
    last_seen: now,
  };
}

/** The peer in another state. */
export function inState(peer: PeerRecord, { status, status_reason, turn_state }: PeerState): PeerRecord {
  const { status_reason: _reason, turn_state: _turn, ...rest } = peer;
  return { ...rest, status, ...(status_reason !== undefined && { status_reason }), ...(turn_state !== undefined && { turn_state }) };
}

/** Of a peer or a registration, what is not of its pane. */
export function withoutPane<Place extends { readonly pane_id?: string; readonly tmux_session?: string }>(place: Place): Place {
  const { pane_id: _pane, tmux_session: _session, ...rest } = place;
  return rest as Place;
}

/** The members that a registration sets anew each time. */
export function described(input: PeerRegistration): Partial<PeerRecord> {
  const { path, agent, model, session_id, pane_id, tmux_session, run_id, agent_pid, agent_started, capabilities, metadata } = input;
  return defined({ path, agent, model, session_id, pane_id, tmux_session, run_id, agent_pid, agent_started, capabilities, metadata });
}

/** The peer with its changes; `null` takes a member away. */
export function applied(peer: PeerRecord, changes: PeerUpdate): PeerRecord {
  const next: Record<string, unknown> = { ...peer };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  return next as unknown as PeerRecord;
}

function defined<Value extends object>(value: Value): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}

/** What the feed tells of a registration. */
export function registeredDraft({ peer_id, display_name, backend, circle, role, status, path, run_id }: PeerRecord): FeedDraft {
  const payload = {
    peer_id,
    display_name,
    backend,
    circle,
    role,
    status,
    ...(path !== undefined && { path }),
    ...(run_id !== undefined && { run_id }),
  };
  return { type: "peer.registered", payload, peer_id };
}

/** What the feed tells of a change of status. */
export function statusDraft(before: PeerRecord, after: PeerRecord): FeedDraft {
  const { peer_id, display_name, status, turn_state, status_reason } = after;
  return {
    type: "peer.status",
    payload: {
      peer_id,
      display_name,
      from: before.status,
      to: status,
      ...(turn_state !== undefined && { turn_state }),
      ...(status_reason !== undefined && { reason: status_reason }),
    },
    peer_id,
  };
}
