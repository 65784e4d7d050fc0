import type { Client } from "../client/client-types.js";
import { type Cell, cell } from "./cell.js";
import type { Feed } from "./feed.js";
import { createReloader } from "./reloader.js";

/** How peers are called, by their ids: what names a peer by its id alone is shown by its name. */
export type PeerNames = ReadonlyMap<string, string>;

const pauseMs = 1_000;

/** Keeps the names true by the feed. Where there are no peers, or they may not be read, there are no names. */
export function openPeerNames(client: Client, feed: Feed): Cell<PeerNames> {
  const names = cell<PeerNames>(new Map());
  const reloader = createReloader(async () => {
    const peers = await client.peers.all({ limit: 1000, max: 5000 }).catch(() => undefined);
    // Who is gone keeps the name by which others speak of them.
    if (peers) names.set(new Map([...names.get(), ...peers.map(({ peer_id, display_name }) => [peer_id, display_name] as const)]));
  }, pauseMs);
  feed.epoch.watch(() => reloader.touch());
  feed.on(({ type }) => void (/^peer\.(registered|updated)$/.test(type) && reloader.touch()));
  return names;
}
