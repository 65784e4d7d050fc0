import { localCaller } from "../../../lib/index.js";
import type { PeerRecord } from "../../../lib/peers/schema.js";
import type { TestMesh } from "../../support/mesh.js";
import type { Witness } from "./mesh-witness.js";

interface Received {
  readonly delivery_id: string;
  readonly correlation_id?: string;
}

/** What a socket of the model needs to judge what it is sent. */
export interface SocketWorld {
  readonly mesh: TestMesh;
  readonly witness: Witness;
  readonly violations: string[];
  readonly pulled: ReadonlySet<string>;
}

/** The client's end of a socket in the model: sees at once what is sent to it. */
export class ModelSocket {
  readonly hasReceipts: boolean;
  /** What it was sent and has said nothing of. */
  readonly unanswered: Received[] = [];
  dead = false;
  readonly #world: SocketWorld;
  readonly #peer_id: string;
  readonly #link: ReturnType<TestMesh["mesh"]["links"]["accept"]>;
  /** The newest message of each sender that came for the first time. */
  readonly #places = new Map<string, number>();
  readonly #seen = new Set<string>();

  constructor(world: SocketWorld, { peer_id, backend, pane_id, display_name }: PeerRecord, hasReceipts: boolean) {
    this.#world = world;
    this.#peer_id = peer_id;
    this.hasReceipts = hasReceipts;
    const { mesh } = world;
    this.#link = mesh.mesh.links.accept(
      { unsentBytes: 0, send: (text) => this.#take(JSON.parse(text)), close: () => (this.dead = true), reading: () => {} },
      {
        caller: localCaller,
        call: async (name, input, caller) => (await mesh.reply(name as "peers.list", input, { caller })).body,
      },
    );
    this.send({
      type: "connect",
      v: 1,
      backend,
      name: display_name,
      peer_id,
      ...(pane_id !== undefined && { pane_id, hook_version: 1 }),
      ...(hasReceipts && { capabilities: ["delivery_receipts"] }),
    });
  }

  send(frame: object): void {
    this.#link.receive(frame as Record<string, unknown>);
  }

  lose(): void {
    this.dead = true;
    this.#link.lost();
  }

  #take(frame: {
    type: string;
    code?: string;
    delivery_id?: string;
    correlation_id?: string;
    from_peer_id?: string;
    to_peer_id?: string;
  }): void {
    const { violations, witness, pulled } = this.#world;
    const { type, delivery_id, correlation_id, from_peer_id, to_peer_id, code } = frame;
    if (code === "internal" || code === "stale_commit") violations.push(`a socket is told ${code}`);
    if (delivery_id === undefined) return;
    if (to_peer_id !== undefined && to_peer_id !== this.#peer_id) violations.push(`${delivery_id} was sent to another peer`);
    if (witness.ended.has(delivery_id)) violations.push(`${delivery_id} was sent after its end`);
    if (!witness.messages.has(delivery_id)) violations.push(`${delivery_id} was sent before it was stored`);
    this.unanswered.push({ delivery_id, ...(type === "ask" && correlation_id !== undefined && { correlation_id }) });
    if (this.#seen.has(delivery_id) || pulled.has(delivery_id)) return;
    this.#seen.add(delivery_id);
    const from = from_peer_id ?? "";
    const place = [...witness.messages.keys()].indexOf(delivery_id);
    if (type !== "reply" && place < (this.#places.get(from) ?? -1))
      violations.push(`${delivery_id} was overtaken by a later one of ${from}`);
    this.#places.set(from, Math.max(place, this.#places.get(from) ?? -1));
  }
}
