import { type Caller, hasScope, isOwner } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { humanSpellings } from "./built-in.js";
import type { PeerRegistry } from "./registry.js";
import type { PeerRecord } from "./schema.js";

/** Who sends, and whether an owner does it on somebody's behalf. */
export interface Sender {
  readonly peer: PeerRecord;
  readonly via?: "owner";
}

/**
 * The sender of a call: the caller's own peer, the person for an owner, or whom an owner names.
 * @throws `sender_mismatch`, `sender_not_found`, `ambiguous_peer`, `scope_required`
 */
export function senderOf(registry: PeerRegistry, caller: Caller, from_peer: string | undefined): Sender {
  if (!hasScope(caller, "control"))
    throw new AnodeError("scope_required", "Sending needs the scope control.", { details: { scope: "control" } });
  const own = ownPeer(registry, caller);
  if (own) {
    if (from_peer === undefined || from_peer === own.peer_id || from_peer === own.display_name) return { peer: own };
    throw new AnodeError("sender_mismatch", `This caller is the peer ${own.display_name} and sends as nobody else.`);
  }
  if (!isOwner(caller)) {
    throw new AnodeError("sender_not_found", "The caller is no registered peer; register it first.");
  }
  if (from_peer === undefined || humanSpellings.has(from_peer)) return { peer: registry.person };
  return { peer: named(registry, from_peer), via: "owner" };
}

/** The peer a caller is, by its token or by its run's. */
export function ownPeer(registry: PeerRegistry, { peer_id, run_id }: Caller): PeerRecord | undefined {
  if (peer_id !== undefined) {
    const peer = registry.byId(peer_id);
    return peer?.retired_at === undefined ? peer : undefined;
  }
  return run_id === undefined ? undefined : registry.ofRun(run_id);
}

function named(registry: PeerRegistry, spelling: string): PeerRecord {
  try {
    return registry.find(spelling);
  } catch (error) {
    // One that is retired is registered no more.
    if (isAnodeError(error) && error.code !== "ambiguous_peer") throw new AnodeError("sender_not_found", error.message);
    throw error;
  }
}
