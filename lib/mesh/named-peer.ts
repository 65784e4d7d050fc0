import { type Caller, hasScope } from "../caller.js";
import { AnodeError } from "../errors.js";
import { parsePaneId } from "../panes/pane-id.js";
import { assertReach } from "../peers/circles.js";
import type { PeerRegistry } from "../peers/registry.js";
import type { PeerRecord } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";

/** Whom a caller names as the recipient of a message. */
export interface NamedRecipient {
  readonly to_peer: string;
  readonly circle?: string | undefined;
  readonly bypass_circle?: boolean | undefined;
}

/**
 * Whom a message is for, if its sender may reach it.
 * @throws `peer_not_found`, `ambiguous_peer`, `peer_retired`, `circle_forbidden`
 */
export function recipientOf(
  peers: PeerRegistry,
  { to_peer, circle, bypass_circle = false }: NamedRecipient,
  sender: Sender,
  caller: Caller,
): PeerRecord {
  if (bypass_circle && !hasScope(caller, "admin")) throw new AnodeError("circle_forbidden", "bypass_circle needs the scope admin.");
  const peer = peers.find(to_peer, { circle, from: bypass_circle ? undefined : sender.peer });
  assertReach(sender.peer, peer, bypass_circle);
  return peer;
}

/** The peer in a pane. @throws `invalid_pane_id`, `peer_not_found` */
export function peerOfPane(peers: PeerRegistry, pane: string): PeerRecord {
  const pane_id = parsePaneId(pane);
  const peer = peers.living().find((one) => one.pane_id === pane_id);
  if (!peer) throw new AnodeError("peer_not_found", `No peer is in the pane ${pane_id}.`);
  return peer;
}
