import { meshName } from "../peers/schema.js";
import type { Pane, PaneBackend } from "./pane-backend.js";
import type { PanePeers } from "./ports.js";

/** A session of a legal name is a circle. */
export function circleOf(session: string): { circle?: string; circle_source?: "tmux" } {
  return meshName.safeParse(session).success ? { circle: session, circle_source: "tmux" } : {};
}

/** Session and window of a pane, as a peer's record has them. */
export function sessionOf({ session, window }: Pick<Pane, "session" | "window">): string {
  return `${session}:${window}`.slice(0, 256);
}

/**
 * Moves the peers of panes whose session was renamed: into the circle of its new name if the old one was theirs for that
 * reason. Windows identify nobody. One listing that is empty, or tells nothing, means nothing.
 */
export async function followSessions(panes: PaneBackend, peers: PanePeers, machine: string): Promise<void> {
  const isInPane = (peer: ReturnType<PanePeers["living"]>[number]): boolean => peer.pane_id !== undefined && peer.machine === machine;
  if (!peers.living().some(isInPane)) return;
  const listed = await panes.list();
  if (listed.probe !== "ok") return;
  const byId = new Map(listed.found.map((pane) => [pane.pane_id, pane]));
  for (const peer of peers.living().filter(isInPane)) {
    const pane = byId.get(peer.pane_id ?? "");
    if (!pane || peer.tmux_session === undefined || sessionNameOf(peer.tmux_session) === pane.session) continue;
    const { circle = peer.circle } = peer.circle_source === "tmux" ? circleOf(pane.session) : {};
    peers.moveTo(peer.peer_id, sessionOf(pane), circle);
  }
}

/** The session's part; tmux allows no colon in it. */
function sessionNameOf(tmux_session: string): string {
  return tmux_session.split(":")[0] ?? "";
}
