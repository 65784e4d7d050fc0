import { type Caller, hasScope, isOwner } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Appended, Draft, Journal, Step } from "../events/journal.js";
import type { Host } from "../host.js";
import { randomHexId } from "../ids.js";
import type { Limits } from "../limits.js";
import { Records } from "../store/records.js";
import type { Put, Store } from "../store/store.js";
import { formatTime } from "../system-host.js";
import { builtInPeers } from "./built-in.js";
import { noProbes, type PeerProbes } from "./evidence.js";
import { findPeer, type Search } from "./find-peer.js";
import { freeName, wantedName } from "./names.js";
import { claimPane, type PaneClaim } from "./pane-claim.js";
import type { PeerRecord, PeerRegistration, PeerUpdate, RetireReason } from "./schema.js";
import { nextState, type PeerEvent, type PeerState } from "./transitions.js";

/** The store's collection of peers. */
export const peerCollection = "peers";

/** What somebody else changes in the step that retires a peer, and what they do once it is taken. */
export interface Retiring {
  readonly step: Step;
  /** Called in the same moment as the append. */
  taken?(appended: Appended): void;
}

/** Whoever keeps something of a peer that ends with it. */
export type OnRetire = (peer: PeerRecord, reason: RetireReason) => Retiring;

/** What the registry asks of others; without a port its question has no answer, and nothing is proven. */
export interface PeerPorts {
  /** Name of this host; what touches panes and processes must be here. */
  readonly machine: string;
  /** Evidence at this moment that does not need a probe: an open socket, an in-process function, a run that is not over. */
  evidence(peer: PeerRecord): boolean;
  /** @throws `run_takes_no_input`, `unknown_agent` for what a registration refers to and is not there */
  check?(registration: PeerRegistration): Promise<void>;
  /** What the host can look at. @defaultValue nothing */
  readonly probes?: PeerProbes;
  /** Makes the token that is this peer; nothing for one that has some already. */
  token?(peer: PeerRecord): Promise<string | undefined>;
}

/** What a registration gave. */
export interface Registered {
  readonly peer: PeerRecord;
  readonly created: boolean;
  readonly pane_assigned: boolean;
  readonly peer_token?: string;
}

/** What the parts of the mesh are made of. */
export interface MeshParts {
  readonly journal: Journal;
  readonly store: Store;
  readonly host: Host;
  readonly limits: Limits;
}

/** Who takes part in the mesh: registration, lookup, status, retirement. Everything is decided and appended in one step. */
export class PeerRegistry {
  readonly #parts: MeshParts;
  readonly #ports: PeerPorts;
  readonly #records = new Records<PeerRecord>(peerCollection);
  readonly #lastSeenMs = new Map<string, number>();
  /** When its state changed last, in this life. */
  readonly #changedMs = new Map<string, number>();
  readonly #onRetire: OnRetire[] = [];

  constructor(parts: MeshParts, ports: PeerPorts) {
    this.#parts = parts;
    this.#ports = ports;
  }

  /** Takes over the peers of a former life: they are offline until there is evidence again. */
  async open(): Promise<void> {
    await this.#records.load(this.#parts.store);
    const puts: Put[] = [];
    const feed: Draft[] = [];
    for (const peer of [...this.#records.values()]) {
      this.#changedMs.set(peer.peer_id, this.#parts.host.clock.now());
      if (peer.retired_at !== undefined || isBuiltIn(peer) || peer.status === "offline") continue;
      const { turn_state: _unknown, ...rest } = peer;
      const next: PeerRecord = { ...rest, status: "offline", status_reason: "restart" };
      puts.push(this.#records.put(peer.peer_id, next));
      feed.push(statusDraft(peer, next));
    }
    for (const { name, ...fixed } of builtInPeers) {
      if (this.#named(name)) continue;
      const peer = this.#made({ ...fixed, name, circle: "default" }, "default", name);
      puts.push(this.#records.put(peer.peer_id, peer));
    }
    if (puts.length > 0) await this.#parts.journal.append({ puts, feed }).committed;
  }

  /** Peers that are not retired. */
  living(): PeerRecord[] {
    return [...this.#records.values()].filter((peer) => peer.retired_at === undefined).map((peer) => this.#seen(peer));
  }

  /** Retired ones that are still kept. */
  tombstones(): PeerRecord[] {
    return [...this.#records.values()].filter((peer) => peer.retired_at !== undefined);
  }

  /** The peer of an id, retired or not. */
  byId(peer_id: string): PeerRecord | undefined {
    const peer = this.#records.get(peer_id);
    return peer && this.#seen(peer);
  }

  /** @throws `peer_not_found`, `ambiguous_peer`, `peer_retired` */
  find(spelling: string, search?: Search): PeerRecord {
    return this.#seen(findPeer(this.#records, spelling, search));
  }

  /** Has its part in every retirement. */
  onRetire(listener: OnRetire): void {
    this.#onRetire.push(listener);
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
    const known = this.#known(input, caller, isAgentLive) ?? (claim.type === "same" ? this.#records.get(claim.holder.peer_id) : undefined);
    const placed = claim.type === "rejected" && claim.holder.peer_id !== known?.peer_id ? withoutPane(input) : input;
    const { peer, created, step: own } = known ? this.#again(known, placed) : this.#new(placed, options.provisional ?? false);
    // In the order in which they were made: both may be about the same holder.
    const step = joinSteps(own, this.#claimed(claim, peer));
    this.#heardOf(peer.peer_id);
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

  /** @throws `name_taken`, `storage_full` */
  async update(peer_id: string, changes: PeerUpdate): Promise<PeerRecord> {
    const peer = this.find(peer_id);
    assertNotBuiltIn(peer);
    const { display_name = peer.display_name, circle = peer.circle } = changes;
    if (display_name !== peer.display_name || circle !== peer.circle) this.#assertFree(display_name, circle, peer.peer_id);
    const now = formatTime(this.#parts.host.clock.now());
    const next = {
      ...applied(peer, changes),
      ...(changes.circle !== undefined && { circle_source: "explicit" as const }),
      ...(typeof changes.description === "string" && { description_at: now }),
    };
    if (changes.description === null) delete next.description_at;
    this.#parts.journal.assertSpace();
    await this.#parts.journal.append({
      puts: [this.#records.put(peer_id, next)],
      feed: [{ type: "peer.updated", payload: { peer_id, ...changes }, peer_id }],
    }).committed;
    return next;
  }

  /** A peer's terminal session has another name, and maybe is another circle; where its own name is taken there, it gets the next free one. */
  moveTo(peer_id: string, tmux_session: string, circle: string): void {
    const peer = this.#records.get(peer_id);
    if (!peer || peer.retired_at !== undefined) return;
    const display_name = freeName(peer.display_name, (name) => this.#isTaken(name, circle, peer_id));
    this.#parts.journal.append({
      puts: [this.#records.put(peer_id, { ...peer, tmux_session, circle, display_name })],
      feed: [{ type: "peer.updated", payload: { peer_id, tmux_session, circle, display_name }, peer_id }],
    });
  }

  /** Takes note of what happened to a peer; its status follows. Says nothing when nothing changes. */
  event(peer_id: string, event: PeerEvent, also: Partial<PeerRecord> = {}): PeerRecord | undefined {
    const peer = this.#records.get(peer_id);
    if (!peer || peer.retired_at !== undefined) return undefined;
    if (event.type !== "seen" && event.type !== "absent") this.#changedMs.set(peer_id, this.#parts.host.clock.now());
    const state = nextState(peer, event);
    const isSame = state === peer && Object.entries(also).every(([name, value]) => peer[name as keyof PeerRecord] === value);
    if (isSame) return peer;
    this.#changedMs.set(peer_id, this.#parts.host.clock.now());
    const next: PeerRecord = { ...inState(peer, state), ...also, last_seen: this.#seen(peer).last_seen };
    this.#parts.journal.append({
      puts: [this.#records.put(peer_id, next)],
      feed: state === peer ? [{ type: "peer.updated", payload: { peer_id, ...also }, peer_id }] : [statusDraft(peer, next)],
    });
    return next;
  }

  /** The peer called, or was heard of: it is there. */
  touch(peer_id: string): void {
    if (!this.#records.get(peer_id)) return;
    this.#heardOf(peer_id);
    this.event(peer_id, { type: "seen" });
  }

  /** When the peer was last heard of in this life; 0 = not yet. */
  lastSeenMs(peer_id: string): number {
    return this.#lastSeenMs.get(peer_id) ?? 0;
  }

  /** When the peer's state was last reported or changed, in this life. */
  changedMs(peer_id: string): number {
    return this.#changedMs.get(peer_id) ?? 0;
  }

  /** Ends a peer for good, with everything of it that ends too. @throws `storage_full` */
  async retire(peer_id: string, reason: RetireReason): Promise<PeerRecord> {
    const peer = this.find(peer_id);
    assertNotBuiltIn(peer);
    const { retired, committed } = this.#retire(peer, reason);
    await committed;
    return retired;
  }

  /** Drops a tombstone whose time is over. */
  bury(peer_id: string): void {
    this.#lastSeenMs.delete(peer_id);
    this.#changedMs.delete(peer_id);
    this.#parts.journal.append({ deletes: [this.#records.remove(peer_id)] });
  }

  /** A step of its own, which is never taken back: whoever ends something with the peer has ended it. */
  #retire(peer: PeerRecord, reason: RetireReason): { readonly retired: PeerRecord; readonly committed: Promise<number> } {
    const retired_at = formatTime(this.#parts.host.clock.now());
    const { turn_state: _over, status_reason: _old, ...rest } = peer;
    const retired: PeerRecord = { ...rest, status: "offline", retired_at, retire_reason: reason };
    const others = this.#onRetire.map((listener) => listener(peer, reason));
    const own: Step = {
      puts: [this.#records.put(peer.peer_id, retired)],
      feed: [{ type: "peer.retired", payload: { peer_id: peer.peer_id, display_name: peer.display_name, reason }, peer_id: peer.peer_id }],
    };
    const appended = this.#parts.journal.append(joinSteps(own, ...others.map((other) => other.step)));
    for (const other of others) other.taken?.(appended);
    return { retired, committed: appended.committed };
  }

  /** The peer that a registration means, by proof alone: a shared folder or name identifies nobody. */
  #known(input: PeerRegistration, caller: Caller, isAgentLive: boolean): PeerRecord | undefined {
    if (input.peer_id !== undefined) {
      const peer = this.#records.get(input.peer_id);
      if (!peer) throw new AnodeError("peer_not_found", "There is no peer of this id.");
      assertNotBuiltIn(peer);
      if (!isOwner(caller) && caller.peer_id !== peer.peer_id) {
        throw new AnodeError("identity_unproven", "A peer's id is only taken up again by its own token or by an owner.");
      }
      const mayReturn = isAgentLive || (peer.retire_reason === "reaped" && caller.peer_id === peer.peer_id);
      if (peer.retired_at !== undefined && !mayReturn) {
        throw new AnodeError("peer_retired", "The peer is retired; register anew.", { status: 409 });
      }
      return peer;
    }
    if (input.session_id === undefined) return undefined;
    const machine = input.machine ?? this.#ports.machine;
    const same = [...this.#records.values()].filter(
      (peer) =>
        peer.retired_at === undefined && peer.machine === machine && peer.backend === input.backend && peer.session_id === input.session_id,
    );
    return same.length === 1 ? same[0] : undefined;
  }

  #heardOf(peer_id: string): void {
    const now = this.#parts.host.clock.now();
    this.#lastSeenMs.set(peer_id, now);
    if (!this.#changedMs.has(peer_id)) this.#changedMs.set(peer_id, now);
  }

  /** Who has the pane that a registration names, on this host. */
  #holderOf({ pane_id, machine = this.#ports.machine, peer_id }: PeerRegistration): PeerRecord | undefined {
    if (pane_id === undefined || machine !== this.#ports.machine) return undefined;
    return this.living().find((peer) => peer.pane_id === pane_id && peer.machine === machine && peer.peer_id !== peer_id);
  }

  /** What becomes of the one that has the pane. */
  #claimed(claim: PaneClaim, peer: PeerRecord): Step {
    if (claim.type === "free" || claim.type === "same") return {};
    const holder = this.#records.get(claim.holder.peer_id);
    if (!holder || holder.peer_id === peer.peer_id) return {};
    if (claim.type === "displaces") return { puts: [this.#records.put(holder.peer_id, withoutPane(holder))] };
    const payload = { pane_id: holder.pane_id, claimant: peer.peer_id, holder: holder.peer_id };
    return { feed: [{ type: "pane.claim_rejected", payload, peer_id: peer.peer_id }] };
  }

  #again(peer: PeerRecord, input: PeerRegistration): { peer: PeerRecord; created: false; step: Step } {
    const { retired_at: _r, retire_reason: _why, ...alive } = peer;
    const moves = input.circle_source === "explicit" || input.circle_source === "tmux";
    const circle = moves && input.circle !== undefined ? input.circle : peer.circle;
    const name = input.display_name ?? input.name ?? peer.display_name;
    const isOthers = (wanted: string): boolean => this.#isTaken(wanted, circle, peer.peer_id);
    const next: PeerRecord = {
      ...inState(alive, nextState(peer, { type: "seen" })),
      ...described(input),
      circle,
      circle_source: moves && input.circle_source ? input.circle_source : peer.circle_source,
      display_name: name === peer.display_name && circle === peer.circle ? name : freeName(name, isOthers),
      last_seen: formatTime(this.#parts.host.clock.now()),
    };
    const step: Step = {
      puts: [this.#records.put(peer.peer_id, next)],
      feed: [{ type: "peer.registered", payload: shownOf(next), peer_id: peer.peer_id }],
    };
    return { peer: next, created: false, step };
  }

  #new(input: PeerRegistration, provisional: boolean): { peer: PeerRecord; created: true; step: Step } {
    const circle = input.circle ?? "default";
    if (this.living().length >= this.#parts.limits.peers) {
      throw new AnodeError("too_many_peers", `There are ${this.#parts.limits.peers} peers already.`, { retryAfterSeconds: 60 });
    }
    const wanted = wantedName(input);
    const holder = this.#named(wanted, circle);
    // A name whose holder is gone without a trace is free again.
    const replaced = holder && holder.status === "offline" && !isBuiltIn(holder) && !this.#ports.evidence(holder) ? holder : undefined;
    if (replaced) this.#retire(replaced, "superseded");
    const name = freeName(wanted, (candidate) => this.#isTaken(candidate, circle));
    const made = this.#made(input, circle, name);
    const peer: PeerRecord = provisional ? { ...made, status: "offline", status_reason: "awaiting_link", provisional } : made;
    const step: Step = {
      puts: [this.#records.put(peer.peer_id, peer)],
      feed: [{ type: "peer.registered", payload: shownOf(peer), peer_id: peer.peer_id }],
    };
    return { peer, created: true, step };
  }

  #made(input: PeerRegistration, circle: string, display_name: string): PeerRecord {
    const now = formatTime(this.#parts.host.clock.now());
    return {
      peer_id: randomHexId(this.#parts.host, "peer"),
      display_name,
      backend: input.backend,
      circle,
      circle_source: input.circle_source ?? (input.circle === undefined ? "default" : "explicit"),
      role: input.role ?? "agent",
      status: "online",
      machine: input.machine ?? this.#ports.machine,
      accepts_jobs: input.accepts_jobs ?? false,
      capabilities: input.capabilities ?? [],
      ...described(input),
      registered_at: now,
      last_seen: now,
    };
  }

  #named(name: string, circle = "default"): PeerRecord | undefined {
    return this.living().find((peer) => peer.display_name === name && peer.circle === circle);
  }

  #isTaken(name: string, circle: string, exceptId?: string): boolean {
    const holder = this.#named(name, circle);
    return holder !== undefined && holder.peer_id !== exceptId;
  }

  #assertFree(name: string, circle: string, ownId: string): void {
    if (!this.#isTaken(name, circle, ownId)) return;
    throw new AnodeError("name_taken", `The name ${name} is taken in the circle ${circle}.`);
  }

  #seen(peer: PeerRecord): PeerRecord {
    const seenMs = this.#lastSeenMs.get(peer.peer_id);
    if (seenMs === undefined) return peer;
    const last_seen = formatTime(seenMs);
    return last_seen > peer.last_seen ? { ...peer, last_seen } : peer;
  }

  /** @throws `storage_full`, and then nothing is changed */
  async #commit(step: Step): Promise<void> {
    try {
      await this.#parts.journal.append(step).committed;
    } catch (error) {
      this.#records.undo(step.puts ?? []);
      throw error;
    }
  }
}

/** @throws `invalid_request` for a peer that is always there as it is */
export function assertNotBuiltIn(peer: PeerRecord): void {
  if (isBuiltIn(peer))
    throw new AnodeError("invalid_request", `The built-in peer ${peer.display_name} is always there and cannot be changed.`);
}

/** One of the peers that are always there. */
export function isBuiltIn(peer: PeerRecord): boolean {
  return peer.circle === "default" && builtInPeers.some(({ name, role }) => name === peer.display_name && role === peer.role);
}

function inState(peer: PeerRecord, { status, status_reason, turn_state }: PeerState): PeerRecord {
  const { status_reason: _reason, turn_state: _turn, ...rest } = peer;
  return { ...rest, status, ...(status_reason !== undefined && { status_reason }), ...(turn_state !== undefined && { turn_state }) };
}

function withoutPane<Place extends { readonly pane_id?: string; readonly tmux_session?: string }>(place: Place): Place {
  const { pane_id: _pane, tmux_session: _session, ...rest } = place;
  return rest as Place;
}

/** The members that a registration sets anew each time. */
function described(input: PeerRegistration): Partial<PeerRecord> {
  const { path, agent, model, session_id, pane_id, tmux_session, run_id, agent_pid, agent_started, capabilities, metadata } = input;
  return defined({ path, agent, model, session_id, pane_id, tmux_session, run_id, agent_pid, agent_started, capabilities, metadata });
}

function applied(peer: PeerRecord, changes: PeerUpdate): PeerRecord {
  const next: Record<string, unknown> = { ...peer };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  return next as unknown as PeerRecord;
}

function defined<Value extends object>(value: Value): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}

function shownOf({ peer_id, display_name, backend, circle, role, status, path, run_id }: PeerRecord): Record<string, unknown> {
  return defined({ peer_id, display_name, backend, circle, role, status, path, run_id });
}

function statusDraft(before: PeerRecord, after: PeerRecord): Draft {
  const { peer_id, display_name, status, turn_state, status_reason } = after;
  return {
    type: "peer.status",
    payload: {
      peer_id,
      display_name,
      from: before.status,
      to: status,
      ...(turn_state !== undefined && { turn_state }),
      ...(status_reason !== undefined && { reason: status_reason }),
    },
    peer_id,
  };
}
