import type { Delete, Put, Store } from "../store/store.js";
import { Records } from "../store/records.js";
import { formatTime } from "../system-host.js";
import type { Clock } from "../host.js";
import { isKept } from "./built-in.js";
import { findPeer, type Search } from "./find-peer.js";
import type { PeerRecord } from "./schema.js";

/** The store's collection of peers. */
const peerCollection = "peers";

/** All peers as they are now, and when they were heard of. */
export class PeerBook {
  readonly #clock: Clock;
  readonly #records = new Records<PeerRecord>(peerCollection);
  readonly #lastSeenMs = new Map<string, number>();
  /** When its state changed last, in this life. */
  readonly #changedMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  load(store: Store): Promise<void> {
    return this.#records.load(store);
  }

  /** Retired ones too. */
  all(): PeerRecord[] {
    return [...this.#records.values()];
  }

  /** Peers that are not retired. */
  living(): PeerRecord[] {
    return this.all()
      .filter((peer) => peer.retired_at === undefined)
      .map((peer) => this.seen(peer));
  }

  /** The peer of an id as it is stored, retired or not. */
  get(peer_id: string): PeerRecord | undefined {
    return this.#records.get(peer_id);
  }

  /** The same with the time at which it was last heard of. */
  byId(peer_id: string): PeerRecord | undefined {
    const peer = this.get(peer_id);
    return peer && this.seen(peer);
  }

  /** @throws `peer_not_found`, `ambiguous_peer`, `peer_retired` */
  find(spelling: string, search?: Search): PeerRecord {
    return this.seen(findPeer(this.#records, spelling, search));
  }

  /** Another peer that is there with the same session. */
  twinOf({ peer_id, backend, session_id }: PeerRecord): PeerRecord | undefined {
    if (session_id === undefined) return undefined;
    // A pass asks this for each peer: nothing is copied.
    for (const other of this.#records.values()) {
      const isSame = other.session_id === session_id && other.backend === backend && other.peer_id !== peer_id;
      if (isSame && other.status !== "offline") return other;
    }
    return undefined;
  }

  named(name: string, circle = "default"): PeerRecord | undefined {
    return this.living().find((peer) => peer.display_name === name && peer.circle === circle);
  }

  /** Whether the name is somebody else's there, or kept for one who is always there. */
  isTaken(name: string, circle: string, exceptId?: string): boolean {
    if (isKept(name)) return true;
    const holder = this.named(name, circle);
    return holder !== undefined && holder.peer_id !== exceptId;
  }

  /** The peer is so from now on; the put belongs into the step that goes with it. */
  put(peer: PeerRecord): Put {
    return this.#records.put(peer.peer_id, peer);
  }

  undo(puts: readonly Put[]): void {
    this.#records.undo(puts);
  }

  remove(peer_id: string): Delete {
    this.#lastSeenMs.delete(peer_id);
    this.#changedMs.delete(peer_id);
    return this.#records.remove(peer_id);
  }

  seen(peer: PeerRecord): PeerRecord {
    const seenMs = this.#lastSeenMs.get(peer.peer_id);
    if (seenMs === undefined) return peer;
    const last_seen = formatTime(seenMs);
    return last_seen > peer.last_seen ? { ...peer, last_seen } : peer;
  }

  heardOf(peer_id: string): void {
    const now = this.#clock.now();
    this.#lastSeenMs.set(peer_id, now);
    if (!this.#changedMs.has(peer_id)) this.#changedMs.set(peer_id, now);
  }

  /** Its state was reported, or changed. */
  changed(peer_id: string): void {
    this.#changedMs.set(peer_id, this.#clock.now());
  }

  /** 0 = not yet in this life. */
  lastSeenMs(peer_id: string): number {
    return this.#lastSeenMs.get(peer_id) ?? 0;
  }

  changedMs(peer_id: string): number {
    return this.#changedMs.get(peer_id) ?? 0;
  }
}
