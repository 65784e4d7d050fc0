import { AnodeError } from "../errors.js";
import { mayReach } from "./circles.js";
import type { PeerRecord } from "./schema.js";

/** Where a name is looked for. */
export interface Search {
  /** Only in this circle. */
  readonly circle?: string | undefined;
  /** Without a circle: first in the sender's own, then in all it may reach. */
  readonly from?: PeerRecord | undefined;
}

/**
 * The peer of an id or a display name; never a guess.
 * @throws `peer_not_found`, `ambiguous_peer`, `peer_retired` for a retired id
 */
export function findPeer(
  peers: { get(peer_id: string): PeerRecord | undefined; values(): Iterable<PeerRecord> },
  spelling: string,
  { circle, from }: Search = {},
): PeerRecord {
  const known = peers.get(spelling);
  if (known) return assertLiving(known);
  const living: PeerRecord[] = [];
  for (const peer of peers.values()) {
    if (peer.retired_at === undefined && peer.display_name === spelling) living.push(peer);
  }
  const found = among(living, circle, from);
  const [first] = found;
  if (first === undefined) throw notFound(spelling, circle, from);
  if (found.length > 1) throw ambiguous(spelling, found);
  return first;
}

function among(named: readonly PeerRecord[], circle: string | undefined, from: PeerRecord | undefined): readonly PeerRecord[] {
  if (circle !== undefined) return named.filter((peer) => peer.circle === circle);
  if (from === undefined) return named;
  const own = named.filter((peer) => peer.circle === from.circle);
  return own.length > 0 ? own : named.filter((peer) => mayReach(from, peer));
}

function assertLiving(peer: PeerRecord): PeerRecord {
  if (peer.retired_at === undefined) return peer;
  throw new AnodeError("peer_retired", `The peer ${peer.display_name} is retired: ${peer.retire_reason ?? "unregistered"}.`);
}

function notFound(spelling: string, circle: string | undefined, from: PeerRecord | undefined): AnodeError {
  const reached = from === undefined ? "" : ` that ${from.display_name} can reach from the circle ${from.circle}`;
  const where = circle === undefined ? reached : ` in the circle ${circle}`;
  return new AnodeError("peer_not_found", `There is no peer ${JSON.stringify(spelling.slice(0, 64))}${where}.`, {
    details: { hint: "`anode peers list` shows the peers." },
  });
}

function ambiguous(spelling: string, found: readonly PeerRecord[]): AnodeError {
  const candidates = found.map(({ peer_id, display_name, circle, path, status }) => ({
    peer_id,
    display_name,
    circle,
    ...(path !== undefined && { path }),
    status,
  }));
  return new AnodeError("ambiguous_peer", `${found.length} peers bear the name ${spelling}; name the circle, or an id.`, {
    details: { candidates },
  });
}
