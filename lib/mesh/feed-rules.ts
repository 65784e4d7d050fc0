import type { Caller } from "../caller.js";
import type { StreamEvent } from "../events/event.js";
import type { FeedRules } from "../events/feed-filter.js";
import type { PeerRegistry } from "../peers/registry.js";
import { ownPeer } from "../peers/sender.js";

/** What peers see of the feed: what becomes of the peers of their circle, their own asks and messages, questions that are theirs. */
export function feedRulesOf(peers: PeerRegistry): FeedRules {
  const circlesOf = ({ peer_id, payload }: StreamEvent): (string | undefined)[] => [
    payload["circle"] as string | undefined,
    peer_id === undefined ? undefined : peers.byId(peer_id)?.circle,
  ];
  return {
    inCircle: (event, circle) => circlesOf(event).includes(circle),
    visible(event, caller: Caller) {
      const own = ownPeer(peers, caller);
      if (!own) return false;
      return namesPeer(event, own.peer_id) || (event.type.startsWith("peer.") && circlesOf(event).includes(own.circle));
    },
  };
}

/** Whether an event is of a peer: it happened to it, or the peer has a part in it. */
export function namesPeer({ peer_id, payload }: StreamEvent, own: string): boolean {
  return [peer_id, payload["from_peer_id"], payload["to_peer_id"], payload["peer_id"], payload["recipient"]].includes(own);
}
