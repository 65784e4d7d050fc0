import { type Caller, hasScope, isOwner } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Appended, Step } from "../events/step.js";
import { randomHexId } from "../ids.js";
import { formatTime } from "../system-host.js";
import { assertNotBuiltIn, isBuiltIn } from "./built-in.js";
import { noProbes } from "./evidence.js";
import { freeName, wantedName } from "./names.js";
import { claimPane, type PaneClaim } from "./pane-claim.js";
import type { PeerBook } from "./peer-book.js";
import type { MeshParts, PeerPorts } from "./parts.js";
import { described, inState, newPeer, shownOf, withoutPane, statusDraft } from "./peer-forms.js";
import { awaited, isAway, type PeerRecord, type PeerRegistration, type RetireReason } from "./schema.js";
import { nextState } from "./transitions.js";

/** What a registration gave. */
export interface Registered {
  readonly peer: PeerRecord;
  readonly created: boolean;
  readonly pane_assigned: boolean;
  readonly peer_token?: string;
}

interface Parts extends MeshParts {
  readonly book: PeerBook;
  /** Ends the offline holder of a name for good, in a step of its own. */
  retire(peer: PeerRecord, reason: RetireReason): void;
}

/** Who comes is made a peer, or known again: by proof alone. */
export class Registration {
  readonly #parts: Parts;
  readonly #ports: PeerPorts;
  readonly #book: PeerBook;

  constructor(parts: Parts, ports: PeerPorts) {
    this.#parts = parts;
    this.#ports = ports;
    this.#book = parts.book;
  }

  /**
   * Registers a peer, or knows it again.
   * @throws `identity_unproven`, `peer_retired`, `role_forbidden`, `too_many_peers`, `storage_full`, and what `check` throws
   */
  async register(input: PeerRegistration, caller: Caller, options: { readonly provisional?: boolean } = {}): Promise<Registered> {
    const { role = "agent" } = input;
    if (role !== "agent" && !hasScope(caller, "admin")) {
      throw new AnodeError("role_forbidden", `The role ${role} needs the scope admin.`);
    }
    await this.#ports.check?.(input);
    const probes = this.#ports.probes ?? noProbes;
    const { agent_pid, agent_started } = input;
    const isAgentLive = agent_pid !== undefined && agent_started !== undefined && (await probes.process(agent_pid, agent_started)) === "ok";
    const claim = await claimPane(input, this.#holderOf(input), probes);
    // From here to the append nothing is awaited.
    this.#parts.journal.assertSpace();
    const known = this.#known(input, caller, isAgentLive) ?? (claim.type === "same" ? this.#book.get(claim.holder.peer_id) : undefined);
    if (known) assertItself(known, caller);
    const placed = claim.type === "rejected" && claim.holder.peer_id !== known?.peer_id ? withoutPane(input) : input;
    const { peer, created, step: own } = known ? this.#again(known, placed) : this.#new(placed, options.provisional ?? false);
    // In the order in which they were made: both may be about the same holder.
    const step = joinSteps(own, this.#claimed(claim, peer));
    this.#book.heardOf(peer.peer_id);
    // Only what is not there yet can be taken back: others may go on from what a known peer is now.
    await this.#commit({ ...step, whenFull: created ? "refuse" : "hold" });
    const peer_token = created ? await this.#ports.token?.(peer) : undefined;
    return {
      peer,
      created,
      pane_assigned: input.pane_id !== undefined && peer.pane_id === input.pane_id,
      ...(peer_token !== undefined && { peer_token }),
    };
  }

  /** The peer that a registration means, by proof alone: a shared folder or name identifies nobody. */
  #known(input: PeerRegistration, caller: Caller, isAgentLive: boolean): PeerRecord | undefined {
    if (input.peer_id !== undefined) {
      const peer = this.#book.get(input.peer_id);
      if (!peer) throw new AnodeError("peer_not_found", "There is no peer of this id.");
      assertNotBuiltIn(peer);
      assertItself(peer, caller);
      const mayReturn = isAgentLive || (peer.retire_reason === "reaped" && caller.peer_id === peer.peer_id);
      if (peer.retired_at !== undefined && !mayReturn) {
        throw new AnodeError("peer_retired", "The peer is retired; register anew.", { status: 409 });
      }
      return peer;
    }
    if (input.session_id === undefined) return undefined;
    const machine = input.machine ?? this.#ports.machine;
    const same = this.#book
      .all()
      .filter(
        (peer) =>
          peer.retired_at === undefined &&
          peer.machine === machine &&
          peer.backend === input.backend &&
          peer.session_id === input.session_id,
      );
    return same.length === 1 ? same[0] : undefined;
  }

  /** Who has the pane that a registration names, on this host. */
  #holderOf({ pane_id, machine = this.#ports.machine, peer_id }: PeerRegistration): PeerRecord | undefined {
    if (pane_id === undefined || machine !== this.#ports.machine) return undefined;
    return this.#book.first((peer) => peer.pane_id === pane_id && peer.machine === machine && peer.peer_id !== peer_id);
  }

  /** What becomes of the one that has the pane. */
  #claimed(claim: PaneClaim, peer: PeerRecord): Step {
    if (claim.type === "free" || claim.type === "same") return {};
    const holder = this.#book.get(claim.holder.peer_id);
    if (!holder || holder.peer_id === peer.peer_id) return {};
    if (claim.type === "displaces") return { puts: [this.#book.put(withoutPane(holder))] };
    const payload = { pane_id: holder.pane_id, claimant: peer.peer_id, holder: holder.peer_id };
    return { feed: [{ type: "pane.claim_rejected", payload, peer_id: peer.peer_id }] };
  }

  #again(peer: PeerRecord, input: PeerRegistration): { peer: PeerRecord; created: false; step: Step } {
    const { retired_at: _r, retire_reason: _why, ...alive } = peer;
    const moves = input.circle_source === "explicit" || input.circle_source === "tmux";
    const circle = moves && input.circle !== undefined ? input.circle : peer.circle;
    const name = input.display_name ?? input.name ?? peer.display_name;
    const isOthers = (wanted: string): boolean => this.#book.isTaken(wanted, circle, peer.peer_id);
    const next: PeerRecord = {
      ...inState(alive, nextState(peer, { type: "seen" })),
      ...described(input),
      circle,
      circle_source: moves && input.circle_source ? input.circle_source : peer.circle_source,
      display_name: name === peer.display_name && circle === peer.circle ? name : freeName(name, isOthers),
      last_seen: formatTime(this.#parts.host.clock.now()),
    };
    const step: Step = {
      puts: [this.#book.put(next)],
      feed: [
        { type: "peer.registered", payload: shownOf(next), peer_id: peer.peer_id },
        // Who follows nothing but who is there and who is not must see it come back.
        ...(next.status === peer.status ? [] : [statusDraft(peer, next)]),
      ],
    };
    return { peer: next, created: false, step };
  }

  #new(input: PeerRegistration, provisional: boolean): { peer: PeerRecord; created: true; step: Step } {
    const circle = input.circle ?? "default";
    if (this.#book.living().length >= this.#parts.limits.peers) {
      throw new AnodeError("too_many_peers", `There are ${this.#parts.limits.peers} peers already.`, { retryAfterSeconds: 60 });
    }
    const wanted = wantedName(input);
    const holder = this.#book.named(wanted, circle);
    // A name whose holder is gone without a trace is free again.
    const replaced = holder && isAway(holder) && !isBuiltIn(holder) && !this.#ports.evidence(holder) ? holder : undefined;
    if (replaced) this.#parts.retire(replaced, "superseded");
    const name = freeName(wanted, (candidate) => this.#book.isTaken(candidate, circle));
    const { host } = this.#parts;
    const now = formatTime(host.clock.now());
    const made = newPeer(input, { peer_id: randomHexId(host, "peer"), display_name: name, circle, machine: this.#ports.machine, now });
    const isAwaited = provisional || (input.pane_id !== undefined && input.session_id !== undefined);
    const peer: PeerRecord = { ...made, ...(isAwaited && awaited), ...(provisional && { provisional }) };
    const step: Step = {
      puts: [this.#book.put(peer)],
      feed: [{ type: "peer.registered", payload: shownOf(peer), peer_id: peer.peer_id }],
    };
    return { peer, created: true, step };
  }

  /** @throws `storage_full`, and then nothing is changed, unless others go on from it */
  async #commit(step: Step): Promise<void> {
    let appended: Appended | undefined;
    try {
      appended = this.#parts.journal.append(step);
      await appended.kept;
    } catch (error) {
      if (!appended?.isHeld) this.#book.undo(step.puts ?? []);
      throw error;
    }
  }
}

/** A session and a pane can be read of others: neither makes another peer's call its own. @throws `identity_unproven` */
function assertItself({ peer_id, run_id }: PeerRecord, caller: Caller): void {
  if (isOwner(caller) || caller.peer_id === peer_id || (run_id !== undefined && caller.run_id === run_id)) return;
  throw new AnodeError("identity_unproven", "A known peer is only taken up again by its own token or by an owner.");
}
