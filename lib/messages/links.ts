import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { LinkState } from "../peers/show.js";
import { formatTime } from "../system-host.js";
import type { Channel } from "./channel.js";
import { closeCodes } from "./link-close.js";
import { Link, type LinkPorts, type SocketAbout } from "./link.js";
import type { Opening, PeerSockets, Wire } from "./socket.js";

/** What the links of a mesh are made of. */
export interface LinksParts extends Pick<LinkPorts, "seen" | "working" | "receipt"> {
  readonly host: Host;
  readonly limits: Limits;
  /** How many messages wait for a peer. */
  waiting(peer_id: string): number;
  /** The channel of a peer is there: what waits may go. */
  open(peer_id: string): void;
}

interface Injections {
  readonly lastInjectedAt?: string;
  readonly lastFailedAt?: string;
}

/** All sockets of peers: one for each, the newest. */
export class Links implements PeerSockets {
  readonly #parts: LinksParts;
  readonly #ports: LinkPorts;
  readonly #all = new Set<Link>();
  readonly #byPeer = new Map<string, Link>();
  readonly #onConnected = new Set<() => void>();
  /** Outlasts the sockets, as long as the peer. */
  readonly #injections = new Map<string, Injections>();

  constructor(parts: LinksParts) {
    this.#parts = parts;
    const { host, limits, seen, working, receipt } = parts;
    this.#ports = {
      host,
      limits,
      seen,
      working,
      receipt,
      connected: (link) => this.#connected(link),
      ready: ({ peer_id }) => peer_id !== undefined && parts.open(peer_id),
      closed: (link) => this.#closed(link),
      noted: (peer_id, what) => this.#noted(peer_id, what),
    };
  }

  /** Sockets, with those that have not told yet whose they are. */
  get size(): number {
    return this.#all.size;
  }

  /** Sockets whose credential is still to come. */
  get unproven(): number {
    let count = 0;
    for (const link of this.#all) if (!link.isProven) count += 1;
    return count;
  }

  /** Takes up a socket that was opened. */
  accept(wire: Wire, opening: Opening): Link {
    const link = new Link(wire, opening, this.#ports);
    this.#all.add(link);
    return link;
  }

  /** The live socket of a peer. */
  channelOf(peer_id: string): Channel | undefined {
    return this.#byPeer.get(peer_id);
  }

  /** What is known of a peer's socket; nothing of one that never had any. */
  stateOf(peer_id: string): LinkState | undefined {
    const link = this.#byPeer.get(peer_id);
    const injections = this.#injections.get(peer_id);
    if (!link && !injections) return undefined;
    return {
      connected: link !== undefined,
      receipts: link?.hasReceipts ?? false,
      ...injections,
      ...(link && link.pongsWithoutPane > 0 && { paneUnsafe: true, pongsWithoutPane: link.pongsWithoutPane }),
    };
  }

  /** What a peer's live socket is bound to. */
  of(peer_id: string): (SocketAbout & { readonly receipts: boolean }) | undefined {
    const link = this.#byPeer.get(peer_id);
    return link && { ...link.about, receipts: link.hasReceipts };
  }

  /** Resolves as soon as a socket of this peer that names this pane stands; never after the signal's abort. */
  connected(peer_id: string, pane_id: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#byPeer.get(peer_id)?.about.pane_id === pane_id) resolve();
    };
    const stop = (): void => void this.#onConnected.delete(look);
    this.#onConnected.add(look);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    else look();
    return promise.finally(stop);
  }

  /** Whether the socket of a peer answers in time. */
  async ping(peer_id: string, timeoutMs: number): Promise<"ok" | "fail" | "unavailable"> {
    const link = this.#byPeer.get(peer_id);
    if (!link) return "unavailable";
    return (await link.ping(timeoutMs)) ? "ok" : "fail";
  }

  /** The peer has said that it is idle. */
  idle(peer_id: string): void {
    this.#byPeer.get(peer_id)?.idle();
  }

  /** The peer is gone for good. */
  retire(peer_id: string, reason: string): void {
    this.#injections.delete(peer_id);
    const isUndone = reason === "link_rolled_back";
    this.#byPeer.get(peer_id)?.close(isUndone ? closeCodes.rolledBack : closeCodes.retired, reason);
  }

  /** The daemon is going away. */
  close(): void {
    for (const link of [...this.#all]) link.close(closeCodes.goingAway, "the daemon is going away");
  }

  #connected(link: Link): number {
    const peer_id = link.peer_id as string;
    this.#byPeer.get(peer_id)?.close(closeCodes.replaced, "replaced by a newer socket");
    this.#byPeer.set(peer_id, link);
    this.#parts.seen(peer_id);
    for (const look of [...this.#onConnected]) look();
    return this.#parts.waiting(peer_id);
  }

  #closed(link: Link): void {
    this.#all.delete(link);
    const { peer_id } = link;
    // A newer socket of the peer stays.
    if (peer_id !== undefined && this.#byPeer.get(peer_id) === link) this.#byPeer.delete(peer_id);
  }

  #noted(peer_id: string, what: "injected" | "failed"): void {
    const now = formatTime(this.#parts.host.clock.now());
    const name = what === "injected" ? "lastInjectedAt" : "lastFailedAt";
    this.#injections.set(peer_id, { ...this.#injections.get(peer_id), [name]: now });
  }
}
