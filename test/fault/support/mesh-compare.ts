import type { Ask } from "../../../lib/asks/schema.js";
import type { Message } from "../../../lib/messages/schema.js";
import type { PeerRecord } from "../../../lib/peers/schema.js";
import { everyRecord } from "../../../lib/store/every-record.js";
import type { Store } from "../../../lib/store/store.js";
import type { TestMesh } from "../../support/mesh.js";

/** What differs between the process's memory and the store, at rest. */
export async function compare({ mesh, inner }: { readonly mesh: TestMesh; readonly inner: Store }): Promise<string[]> {
  const { peers, asks, mail } = mesh.mesh;
  const wrong: string[] = [];
  const stored = {
    peers: await all<PeerRecord>(inner, "peers"),
    asks: (await all<Ask>(inner, "asks")).filter(({ state }) => state === "open"),
    messages: (await all<Message>(inner, "messages")).filter(({ delivery_state }) => ["queued", "claimed"].includes(delivery_state)),
  };
  const known = [...peers.living(), ...peers.tombstones()];
  wrong.push(...differences("peer", known.map(unseen), stored.peers.map(unseen), ({ peer_id }) => peer_id));
  const open = peers.living().flatMap(({ peer_id }) => asks.openTo(peer_id));
  wrong.push(...differences("ask", open, stored.asks, ({ correlation_id }) => correlation_id));
  const waiting = known.flatMap(({ peer_id }) => mail.waiting(peer_id));
  wrong.push(...differences("message", waiting, stored.messages, ({ delivery_id }) => delivery_id));
  for (const { peer_id } of known) {
    const own = mail.waiting(peer_id).map(({ delivery_id }) => delivery_id);
    const order = stored.messages.filter((message) => message.to_peer_id === peer_id).map(({ delivery_id }) => delivery_id);
    if (own.join() !== order.join()) wrong.push(`the queue of ${peer_id} is ${own.join()}, stored in the order ${order.join()}`);
  }
  const gone = new Set(peers.tombstones().map(({ peer_id }) => peer_id));
  for (const { delivery_id, to_peer_id } of stored.messages)
    if (gone.has(to_peer_id)) wrong.push(`${delivery_id} waits for a peer that is gone`);
  const stats = mesh.mesh.stats();
  if (stats.open_asks !== stored.asks.length) wrong.push(`${stats.open_asks} open asks are counted, ${stored.asks.length} are stored`);
  if (stats.queued !== stored.messages.length) wrong.push(`${stats.queued} queued are counted, ${stored.messages.length} are stored`);
  const { questions } = await mesh.manager.questions({ status: "open" });
  // A question ends with its deadline, its ask with the next sweep.
  const now = mesh.host.clock.now();
  const asking = stored.asks
    .filter(({ question, expires_at }) => question && Date.parse(expires_at) > now)
    .map(({ correlation_id }) => correlation_id);
  const questioned = questions.map(({ question_id }) => question_id);
  if (asking.sort().join() !== questioned.sort().join())
    wrong.push(`open questions are ${questioned.join()}, asks with one ${asking.join()}`);
  return wrong;
}

function differences<Item>(noun: string, known: readonly Item[], stored: readonly Item[], idOf: (item: Item) => string): string[] {
  const there = new Map(stored.map((item) => [idOf(item), JSON.stringify(sorted(item as object))]));
  const wrong = known.flatMap((item) => {
    const id = idOf(item);
    const text = JSON.stringify(sorted(item as object));
    const other = there.get(id);
    there.delete(id);
    return other === text ? [] : [`the ${noun} ${id} is known as ${text}, stored as ${other}`];
  });
  return [
    ...wrong,
    ...[...there.keys()].map(
      (id) => `the ${noun} ${id} is stored and not known: ${JSON.stringify(stored.find((item) => idOf(item) === id))}`,
    ),
  ];
}

/** When a peer was last heard of is not written each time. */
function unseen({ last_seen: _now, ...peer }: PeerRecord): PeerRecord {
  return peer as PeerRecord;
}

function sorted(record: object): object {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function all<Item>(store: Store, collection: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { record } of everyRecord(store, collection)) items.push(record as Item);
  return items;
}
