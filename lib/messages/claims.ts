import { AnodeError, invalidRequest } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Step } from "../events/step.js";
import type { CancelTimer } from "../host.js";
import { randomHexId } from "../ids.js";
import type { MeshParts } from "../peers/parts.js";
import { formatTime } from "../system-host.js";
import type { Traces } from "../traces/traces.js";
import type { Mail } from "./mail.js";
import type { Message } from "./schema.js";

/** What a claim gave; without messages there is none to confirm. */
export interface Claimed {
  readonly claim_id?: string;
  readonly lease_until?: string;
  /** Oldest first. */
  readonly messages: readonly Message[];
}

interface Claim {
  readonly claim_id: string;
  readonly peer_id: string;
  readonly delivery_ids: ReadonlySet<string>;
  readonly cancel: CancelTimer;
}

/** Messages that peers fetch themselves: held for a while, delivered once confirmed, else they wait again in their place. */
export class Claims {
  readonly #parts: MeshParts;
  readonly #mail: Mail;
  readonly #traces: Traces;
  readonly #released: (peer_id: string) => void;
  readonly #claims = new Map<string, Claim>();

  /** @param released - a claim of this peer has ended: what waits for it may go */
  constructor(parts: MeshParts, mail: Mail, traces: Traces, released: (peer_id: string) => void) {
    this.#parts = parts;
    this.#mail = mail;
    this.#traces = traces;
    this.#released = released;
  }

  /** Holds the oldest messages that wait for a peer. @throws `storage_full` */
  async claim(peer_id: string, limit: number, leaseMs: number): Promise<Claimed> {
    this.#parts.journal.assertSpace();
    const free = this.#mail.free(peer_id).slice(0, limit);
    if (free.length === 0) return { messages: [] };
    const { host, journal } = this.#parts;
    const claim_id = randomHexId(host, "claim");
    const claim: Claim = {
      claim_id,
      peer_id,
      delivery_ids: new Set(free.map(({ delivery_id }) => delivery_id)),
      cancel: host.clock.schedule(() => this.#end(claim, new Set()), leaseMs),
    };
    this.#claims.set(claim_id, claim);
    const steps = free.map((message) => {
      this.#mail.hold(message, claim);
      return joinSteps(this.#mail.change(message, "claimed"), this.#traces.stages(message.trace_id, { stage: "claimed" }));
    });
    await journal.append(joinSteps(...steps)).kept;
    const messages = free.map((message) => this.#mail.current(message.delivery_id) ?? message);
    return { claim_id, lease_until: formatTime(host.clock.now() + leaseMs), messages };
  }

  /** Whose messages a claim holds. @throws `claim_expired` for one that is over, or that never was */
  peerOf(claim_id: string): string {
    return this.#open(claim_id).peer_id;
  }

  /**
   * The claimed messages, or those that are named, have reached their peer; the others wait again.
   * @throws `claim_expired`, `invalid_request` for a message that the claim never held, `storage_full`
   */
  async confirm(claim_id: string, delivery_ids?: readonly string[]): Promise<{ readonly confirmed: number; readonly released: number }> {
    this.#parts.journal.assertSpace();
    const claim = this.#open(claim_id);
    const foreign = delivery_ids?.findIndex((id) => !claim.delivery_ids.has(id)) ?? -1;
    if (foreign >= 0)
      throw invalidRequest([{ path: `delivery_ids.${foreign}`, code: "conflict", message: "is not a message of this claim" }]);
    const { confirmed, released, ended } = this.#end(claim, new Set(delivery_ids ?? claim.delivery_ids));
    await ended.kept;
    return { confirmed, released };
  }

  /** The peer is gone, and what waited for it has its end: its claims have nothing to confirm. */
  drop(peer_id: string): void {
    for (const claim of [...this.#claims.values()]) {
      if (claim.peer_id !== peer_id) continue;
      claim.cancel();
      this.#claims.delete(claim.claim_id);
    }
  }

  close(): void {
    for (const { cancel } of this.#claims.values()) cancel();
    this.#claims.clear();
  }

  #end(claim: Claim, confirmed: ReadonlySet<string>) {
    claim.cancel();
    this.#claims.delete(claim.claim_id);
    const counts = { confirmed: 0, released: 0 };
    const steps: Step[] = [];
    for (const delivery_id of claim.delivery_ids) {
      const message = this.#mail.current(delivery_id);
      // The peer may be gone, or a receipt have come.
      if (!message || !this.#mail.release(message, claim)) continue;
      const isConfirmed = confirmed.has(delivery_id);
      counts[isConfirmed ? "confirmed" : "released"] += 1;
      const stage = this.#traces.stages(message.trace_id, { stage: isConfirmed ? "confirmed" : "pending" });
      steps.push(joinSteps(stage, this.#mail.change(message, isConfirmed ? "delivered" : "queued")));
    }
    const ended = this.#parts.journal.append(joinSteps(...steps));
    this.#released(claim.peer_id);
    return { ...counts, ended };
  }

  /** @throws `claim_expired` */
  #open(claim_id: string): Claim {
    const claim = this.#claims.get(claim_id);
    if (claim) return claim;
    throw new AnodeError("claim_expired", "The claim is over, and what was not confirmed waits again.", {
      details: { hint: "Claim again; what comes twice has the same delivery_id." },
    });
  }
}
