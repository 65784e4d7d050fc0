import type { Caller } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Appended, FeedDraft, Step } from "../events/step.js";
import { randomHexId } from "../ids.js";
import type { Put } from "../store/store.js";
import { formatTime } from "../system-host.js";
import { assertNotBuiltIn, builtInPeers, isBuiltIn } from "./built-in.js";
import type { Search } from "./find-peer.js";
import { freeName } from "./names.js";
import type { MeshParts, PeerPorts } from "./parts.js";
import { PeerBook } from "./peer-book.js";
import { applied, inState, newPeer, statusDraft } from "./peer-forms.js";
import { type Registered, Registration } from "./registration.js";
import { isAway, type PeerRecord, type PeerRegistration, type PeerUpdate, type RetireReason } from "./schema.js";
import { nextState, type PeerEvent } from "./transitions.js";

/** What somebody else changes in the step that retires a peer, and what they do once it is taken. */
export interface Retiring {
  readonly step: Step;
  /** Called in the same moment as the append. */
  taken?(appended: Appended): void;
}

/** Whoever keeps something of a peer that ends with it. */
export type OnRetire = (peer: PeerRecord, reason: RetireReason) => Retiring;

/** Who takes part in the mesh: registration, lookup, status, retirement. Everything is decided and appended in one step. */
export class PeerRegistry {
  readonly #parts: MeshParts;
  readonly #machine: string;
  readonly #book: PeerBook;
  readonly #registration: Registration;
  readonly #onRetire: OnRetire[] = [];

  constructor(parts: MeshParts, ports: PeerPorts) {
    this.#parts = parts;
    this.#machine = ports.machine;
    this.#book = new PeerBook(parts.host.clock);
    const retire = (peer: PeerRecord, reason: RetireReason): void => void this.#retire(peer, reason);
    this.#registration = new Registration({ ...parts, book: this.#book, retire }, ports);
  }

  /** Takes over the peers of a former life: they are offline until there is evidence again. */
  async open(): Promise<void> {
    const { store, host } = this.#parts;
    await this.#book.load(store);
    const puts: Put[] = [];
    const feed: FeedDraft[] = [];
    for (const peer of this.#book.all()) {
      this.#book.changed(peer.peer_id);
      if (peer.retired_at !== undefined || isBuiltIn(peer) || isAway(peer)) continue;
      const { turn_state: _unknown, ...rest } = peer;
      const next: PeerRecord = { ...rest, status: "offline", status_reason: "restart" };
      puts.push(this.#book.put(next));
      feed.push(statusDraft(peer, next));
    }
    for (const { name, ...fixed } of builtInPeers) {
      if (this.#book.named(name)) continue;
      const ids = { peer_id: randomHexId(host, "peer"), display_name: name, circle: "default", machine: this.#machine };
      const peer = newPeer({ ...fixed, name, circle: "default" }, { ...ids, now: formatTime(host.clock.now()) });
      puts.push(this.#book.put(peer));
    }
    if (puts.length > 0) await this.#parts.journal.append({ puts, feed }).committed;
  }

  /** Peers that are not retired. */
  living(): PeerRecord[] {
    return this.#book.living();
  }

  /** Retired ones that are still kept. */
  tombstones(): PeerRecord[] {
    return this.#book.all().filter((peer) => peer.retired_at !== undefined);
  }

  /** Both, the first registered first: a place that does not change as long as they are kept. */
  all(): PeerRecord[] {
    return this.#book.all().map((peer) => this.#book.seen(peer));
  }

  /** The peer of an id, retired or not. */
  byId(peer_id: string): PeerRecord | undefined {
    return this.#book.byId(peer_id);
  }

  /** The person, who is always there. */
  get person(): PeerRecord {
    return this.#book.named("human") as PeerRecord;
  }

  /** The living peer that is a run. */
  ofRun(run_id: string): PeerRecord | undefined {
    return this.#book.first((peer) => peer.run_id === run_id);
  }

  /** Another peer that is there with the same session. */
  twinOf(peer: PeerRecord): PeerRecord | undefined {
    return this.#book.twinOf(peer);
  }

  /** @throws `peer_not_found`, `ambiguous_peer`, `peer_retired` */
  find(spelling: string, search?: Search): PeerRecord {
    return this.#book.find(spelling, search);
  }

  /** Has its part in every retirement. */
  onRetire(listener: OnRetire): void {
    this.#onRetire.push(listener);
  }

  /**
   * Registers a peer, or knows it again.
   * @throws `identity_unproven`, `peer_retired`, `role_forbidden`, `too_many_peers`, `storage_full`, and what `check` throws
   */
  register(input: PeerRegistration, caller: Caller, options: { readonly provisional?: boolean } = {}): Promise<Registered> {
    return this.#registration.register(input, caller, options);
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
      puts: [this.#book.put(next)],
      feed: [{ type: "peer.updated", payload: { peer_id, ...changes }, peer_id }],
    }).kept;
    return next;
  }

  /** Resolves when everything that was said of peers is durable. @throws `storage_full` */
  stored(): Promise<void> {
    return this.#parts.journal.stored();
  }

  /** A peer's terminal session has another name, and maybe is another circle; where its own name is taken there, it gets the next free one. */
  moveTo(peer_id: string, tmux_session: string, circle: string): void {
    const peer = this.#book.get(peer_id);
    if (!peer || peer.retired_at !== undefined) return;
    const display_name = freeName(peer.display_name, (name) => this.#book.isTaken(name, circle, peer_id));
    this.#parts.journal.append({
      puts: [this.#book.put({ ...peer, tmux_session, circle, display_name })],
      feed: [{ type: "peer.updated", payload: { peer_id, tmux_session, circle, display_name }, peer_id }],
    });
  }

  /** Takes note of what happened to a peer; its status follows. Says nothing when nothing changes. */
  event(peer_id: string, event: PeerEvent, also: Partial<PeerRecord> = {}): PeerRecord | undefined {
    const peer = this.#book.get(peer_id);
    if (!peer || peer.retired_at !== undefined) return undefined;
    if (event.type !== "seen" && event.type !== "absent") this.#book.changed(peer_id);
    const state = nextState(peer, event);
    const isSame = state === peer && Object.entries(also).every(([name, value]) => peer[name as keyof PeerRecord] === value);
    if (isSame) return peer;
    this.#book.changed(peer_id);
    const next: PeerRecord = { ...inState(peer, state), ...also, last_seen: this.#book.seen(peer).last_seen };
    this.#parts.journal.append({
      puts: [this.#book.put(next)],
      feed: state === peer ? [{ type: "peer.updated", payload: { peer_id, ...also }, peer_id }] : [statusDraft(peer, next)],
    });
    return next;
  }

  /** The feed is told of contradictions, and the peer has those that were told from now on. */
  tell({ told: _former, ...peer }: PeerRecord, told: readonly string[], feed: readonly FeedDraft[]): void {
    this.#parts.journal.append({ puts: [this.#book.put(told.length === 0 ? peer : { ...peer, told: [...told] })], feed });
  }

  /** Somebody says that the peer is there: that changes the time at which it was last seen, and nothing else. */
  heardOf(peer_id: string): void {
    this.#book.heardOf(peer_id);
  }

  /** The peer called: it is there. */
  touch(peer_id: string): void {
    if (!this.#book.get(peer_id)) return;
    this.#book.heardOf(peer_id);
    this.event(peer_id, { type: "seen" });
  }

  /** When the peer was last heard of in this life; 0 = not yet. */
  lastSeenMs(peer_id: string): number {
    return this.#book.lastSeenMs(peer_id);
  }

  /** When the peer's state was last reported or changed, in this life. */
  changedMs(peer_id: string): number {
    return this.#book.changedMs(peer_id);
  }

  /** Ends a peer for good, with everything of it that ends too. @throws `storage_full` */
  async retire(peer_id: string, reason: RetireReason): Promise<PeerRecord> {
    const peer = this.find(peer_id);
    assertNotBuiltIn(peer);
    const { retired, ended } = this.#retire(peer, reason);
    await ended.kept;
    return retired;
  }

  /** Drops a tombstone whose time is over. */
  bury(peer_id: string): void {
    this.#parts.journal.append({ deletes: [this.#book.remove(peer_id)] });
  }

  /** A step of its own, which is never taken back: whoever ends something with the peer has ended it. */
  #retire(peer: PeerRecord, reason: RetireReason): { readonly retired: PeerRecord; readonly ended: Appended } {
    const retired_at = formatTime(this.#parts.host.clock.now());
    const { turn_state: _over, status_reason: _old, told: _told, ...rest } = peer;
    const retired: PeerRecord = { ...rest, status: "offline", retired_at, retire_reason: reason };
    const others = this.#onRetire.map((listener) => listener(peer, reason));
    const own: Step = {
      puts: [this.#book.put(retired)],
      feed: [{ type: "peer.retired", payload: { peer_id: peer.peer_id, display_name: peer.display_name, reason }, peer_id: peer.peer_id }],
    };
    const ended = this.#parts.journal.append(joinSteps(own, ...others.map((other) => other.step)));
    for (const other of others) other.taken?.(ended);
    return { retired, ended };
  }

  #assertFree(name: string, circle: string, ownId: string): void {
    if (!this.#book.isTaken(name, circle, ownId)) return;
    throw new AnodeError("name_taken", `The name ${name} is taken in the circle ${circle}.`);
  }
}
