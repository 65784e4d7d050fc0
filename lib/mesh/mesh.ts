import type { Caller } from "../caller.js";
import type { InProcessReceiver } from "../messages/channel.js";
import type { PeerSockets } from "../messages/socket.js";
import type { Registered } from "../peers/registration.js";
import type { PeerRecord, PeerRegistration } from "../peers/schema.js";
import type { RunManager } from "../runs/manager.js";
import { ComposedMesh, type MeshStats } from "./composed-mesh.js";
import type { MeshOptions } from "./options.js";

/** The parts of a mesh, for what serves the contract. */
export let composedOf: (mesh: Mesh) => ComposedMesh;

/**
 * Peers that find, ask, answer and notify each other, over one manager: `createServices` serves them. Open it after the
 * manager, close it before.
 */
export class Mesh {
  readonly #composed: ComposedMesh;

  static {
    composedOf = (mesh) => mesh.#composed;
  }

  constructor(options: MeshOptions) {
    this.#composed = new ComposedMesh(options);
  }

  /** The manager in whose store the mesh lies. */
  get manager(): RunManager {
    return this.#composed.manager;
  }

  /** The sockets of peers. */
  get sockets(): PeerSockets {
    return this.#composed.links;
  }

  /** Takes over what a former life left; before it, nothing of the mesh is served. */
  open(): Promise<void> {
    return this.#composed.open();
  }

  /** Makes a peer of whom the caller registers, or knows it again. @throws the refusals of `POST /peers` */
  register(registration: PeerRegistration, caller: Caller): Promise<Registered> {
    return this.#composed.peers.register(registration, caller);
  }

  /** A service within this process: its messages are handed to the function. */
  receive(peer_id: string, receiver: InProcessReceiver): void {
    this.#composed.receive(peer_id, receiver);
  }

  /** The peer that a run is. */
  peerOfRun(run_id: string): PeerRecord | undefined {
    return this.#composed.peers.living().find((peer) => peer.run_id === run_id);
  }

  /** Counts of this moment. */
  stats(): MeshStats {
    return this.#composed.stats();
  }

  /** Undoes links of panes under way, and ends. */
  async close(): Promise<void> {
    await this.#composed.panes?.close();
    this.#composed.close();
  }
}
