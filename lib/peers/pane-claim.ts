import { AnodeError } from "../errors.js";
import type { PeerProbes } from "./evidence.js";
import { isAway, type PeerRecord, type PeerRegistration } from "./schema.js";

/** What a registration with a pane leads to. */
export type PaneClaim =
  /** The pane is its own. */
  | { readonly type: "free" }
  /** Whoever has the pane is the same peer: same runtime, no other session, and the newcomer runs in it. */
  | { readonly type: "same"; readonly holder: PeerRecord }
  /** The holder is gone, or the newcomer is proven to run in the pane: the holder loses it. */
  | { readonly type: "displaces"; readonly holder: PeerRecord }
  /** Nothing is proven against a living holder: the newcomer goes without. */
  | { readonly type: "rejected"; readonly holder: PeerRecord };

/**
 * Who gets the pane. A look that tells nothing never takes it from a living holder.
 * @throws `pane_held` for a child of the agent that has it
 */
export async function claimPane(
  input: Pick<PeerRegistration, "backend" | "session_id" | "pane_id" | "agent_pid" | "parent_pid">,
  holder: PeerRecord | undefined,
  probes: PeerProbes,
): Promise<PaneClaim> {
  const { backend, session_id, pane_id, agent_pid, parent_pid } = input;
  if (pane_id === undefined || !holder) return { type: "free" };
  if (parent_pid !== undefined && parent_pid === holder.agent_pid) {
    throw new AnodeError("pane_held", `The pane ${pane_id} is that of ${holder.display_name}, whose child this is.`, {
      details: { peer_id: holder.peer_id },
    });
  }
  const isInside = agent_pid !== undefined && (await probes.paneHolds(pane_id, agent_pid)) === "ok";
  const isSameSession = holder.session_id === undefined || session_id === undefined || holder.session_id === session_id;
  if (isInside && holder.backend === backend && isSameSession) return { type: "same", holder };
  return { type: isInside || isAway(holder) ? "displaces" : "rejected", holder };
}
