import type { Ask } from "../asks/schema.js";
import { askCollection } from "../asks/ask-book.js";
import { type Caller, isOwner } from "../caller.js";
import { messageCollection } from "../messages/mail.js";
import type { Message } from "../messages/schema.js";
import { ownPeer } from "../peers/sender.js";
import type { Stored } from "../store/store.js";
import type { ComposedMesh } from "./composed-mesh.js";

/** Which asks or messages to list. */
export interface Listing {
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly peer_id?: string | undefined;
  /** @defaultValue "both" */
  readonly direction?: "inbound" | "outbound" | "both" | undefined;
  /** Only what was made at this time or later. */
  readonly since?: string | undefined;
  readonly limit: number;
  /** Only what was made before this ordinal. */
  readonly before?: number | undefined;
}

/** One page, newest first. */
export interface ListingPage {
  readonly items: readonly (Ask | Message)[];
  readonly next?: number;
}

const stateField = { asks: "state", messages: "delivery_state" } as const;
const collections = { asks: askCollection, messages: messageCollection } as const;

/** Stored asks or messages, newest first; a peer sees its own. @throws `peer_not_found`, `ambiguous_peer` */
export async function listed(
  { manager, peers }: ComposedMesh,
  noun: "asks" | "messages",
  query: Listing,
  caller: Caller,
): Promise<ListingPage> {
  const { state, kind, direction = "both", since, limit, before } = query;
  const own = ownPeer(peers, caller);
  if (!isOwner(caller) && !own) return { items: [] };
  const asked = query.peer_id === undefined ? undefined : (peers.byId(query.peer_id) ?? peers.find(query.peer_id, { from: own }));
  if (own && asked && own.peer_id !== asked.peer_id) return { items: [] };
  const party = (asked ?? own)?.peer_id;
  const where = { ...(state !== undefined && { [stateField[noun]]: [state] }), ...(kind !== undefined && { kind: [kind] }) };
  const ends = party === undefined ? [{}] : endsOf(direction, party);
  const pages = await Promise.all(
    ends.map((end) =>
      manager.store.list(collections[noun], {
        limit: limit + 1,
        where: { ...where, ...end },
        ...(before !== undefined && { after: before }),
      }),
    ),
  );
  const found = merged(pages.flatMap((page) => page.items)).filter(
    ({ record }) => since === undefined || (record as Ask).created_at >= since,
  );
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(({ record }) => record as Ask | Message), ...(found.length > limit && last && { next: last.ordinal }) };
}

function endsOf(direction: "inbound" | "outbound" | "both", party: string): Record<string, readonly string[]>[] {
  const inbound = { to_peer_id: [party] };
  const outbound = { from_peer_id: [party] };
  if (direction === "inbound") return [inbound];
  return direction === "outbound" ? [outbound] : [inbound, outbound];
}

/** Newest first, each once. */
function merged(items: readonly Stored[]): Stored[] {
  return [...new Map(items.map((item) => [item.ordinal, item])).values()].sort((a, b) => b.ordinal - a.ordinal);
}
