import type { Message } from "./schema.js";

/** Messages that wait, for each peer in their order. */
export class Queues {
  readonly #byPeer = new Map<string, Map<string, Message>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Those of one peer, oldest first, claimed ones included. */
  of(peer_id: string): Message[] {
    return [...(this.#byPeer.get(peer_id)?.values() ?? [])];
  }

  /** Whether one of a peer's messages is such. */
  some(peer_id: string, is: (message: Message) => boolean): boolean {
    for (const message of this.#byPeer.get(peer_id)?.values() ?? []) if (is(message)) return true;
    return false;
  }

  count(peer_id: string): number {
    return this.#byPeer.get(peer_id)?.size ?? 0;
  }

  /** Sets a waiting message; one that is there keeps its place. */
  set(message: Message): void {
    let own = this.#byPeer.get(message.to_peer_id);
    if (!own) this.#byPeer.set(message.to_peer_id, (own = new Map()));
    if (!own.has(message.delivery_id)) this.#size += 1;
    own.set(message.delivery_id, message);
  }

  delete(message: Message): void {
    const own = this.#byPeer.get(message.to_peer_id);
    if (!own?.delete(message.delivery_id)) return;
    this.#size -= 1;
    if (own.size === 0) this.#byPeer.delete(message.to_peer_id);
  }

  /** All waiting messages. */
  *values(): Generator<Message> {
    for (const own of this.#byPeer.values()) yield* own.values();
  }
}
