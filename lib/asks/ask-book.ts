import { AnodeError, isAnodeError } from "../errors.js";
import { Records } from "../store/records.js";
import type { Put, Store } from "../store/store.js";
import type { Ask } from "./schema.js";

/** The store's collection of asks. */
export const askCollection = "asks";

/** The asks of which more is to come, in memory: open ones, and closed ones whose reply is not there yet. All others are in the store alone. */
export class AskBook {
  readonly #store: Store;
  readonly #records = new Records<Ask>(askCollection);
  /** Open asks by whom they are for. */
  readonly #inbound = new Map<string, Set<string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Takes over what a former life had. */
  async load(): Promise<void> {
    await this.#records.load(this.#store, { state: ["open"] });
    await this.#records.load(this.#store, { reply_state: ["held", "queued"] });
    for (const ask of this.#records.values()) this.#index(ask);
  }

  get openCount(): number {
    let count = 0;
    for (const ids of this.#inbound.values()) count += ids.size;
    return count;
  }

  openCountTo(peer_id: string): number {
    return this.#inbound.get(peer_id)?.size ?? 0;
  }

  /** Newest first. */
  openTo(peer_id: string): Ask[] {
    return [...(this.#inbound.get(peer_id) ?? [])].map((id) => this.#records.get(id) as Ask).reverse();
  }

  /** Newest first. */
  openFrom(peer_id: string): Ask[] {
    return this.all()
      .filter((ask) => ask.state === "open" && ask.from_peer_id === peer_id)
      .reverse();
  }

  all(): Ask[] {
    return [...this.#records.values()];
  }

  /** One of which more is to come. */
  live(correlation_id: string): Ask | undefined {
    return this.#records.get(correlation_id);
  }

  /** Any ask that is kept. @throws `ask_not_found` */
  async get(correlation_id: string): Promise<Ask> {
    const known = this.live(correlation_id) ?? (await this.#store.get(askCollection, correlation_id))?.record;
    if (known) return known as Ask;
    throw new AnodeError("ask_not_found", "There is no ask of this id, or it is no longer kept.");
  }

  /** The same, or nothing. */
  async find(correlation_id: string): Promise<Ask | undefined> {
    return this.get(correlation_id).catch((error: unknown) => {
      if (isAnodeError(error) && error.code === "ask_not_found") return undefined;
      throw error;
    });
  }

  /** Takes one that is in the store alone up again; nothing for one that is here already. */
  async recall(correlation_id: string): Promise<Ask | undefined> {
    const stored = await this.#store.get(askCollection, correlation_id);
    return stored && !this.live(correlation_id) ? this.#records.adopt(stored) : undefined;
  }

  /** The ask is so from now on; the put belongs into the step that goes with it. */
  put(ask: Ask): Put {
    this.#index(ask);
    return this.#records.put(ask.correlation_id, ask);
  }

  /** The step was refused with these puts of the ask. */
  undo({ correlation_id, to_peer_id }: Ask, puts: readonly Put[]): void {
    this.#records.undo(puts);
    if (!this.live(correlation_id)) this.#unindex(to_peer_id, correlation_id);
  }

  /** For the step after which nothing more is to come. */
  leaving(correlation_id: string): ReturnType<Records<Ask>["leaving"]> {
    return this.#records.leaving(correlation_id);
  }

  #index({ state, to_peer_id, correlation_id }: Ask): void {
    if (state === "closed") return this.#unindex(to_peer_id, correlation_id);
    const ids = this.#inbound.get(to_peer_id) ?? new Set();
    this.#inbound.set(to_peer_id, ids.add(correlation_id));
  }

  #unindex(to_peer_id: string, correlation_id: string): void {
    const ids = this.#inbound.get(to_peer_id);
    if (ids?.delete(correlation_id) && ids.size === 0) this.#inbound.delete(to_peer_id);
  }
}
