import { AsksToMany } from "../asks/ask-many.js";
import { Asks } from "../asks/asks.js";
import type { Ask } from "../asks/schema.js";
import { type Caller, hasScope } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import { createHolding, type Holding } from "../holding.js";
import type { CallContext } from "../contract/operation.js";
import type { Channel, InProcessReceiver } from "../messages/channel.js";
import { Claims } from "../messages/claims.js";
import { Courier } from "../messages/courier.js";
import { inProcessChannel } from "../messages/in-process-channel.js";
import { Links } from "../messages/links.js";
import { Mail } from "../messages/mail.js";
import { LateReceipts } from "../messages/late-receipts.js";
import { RunChannel } from "../messages/run-channel.js";
import type { AttachedFile, Message } from "../messages/schema.js";
import type { Panes } from "../panes/panes.js";
import { assertReach } from "../peers/circles.js";
import { noProbes, type PeerProbes } from "../peers/evidence.js";
import { PeerRegistry } from "../peers/registry.js";
import { Repair, type RepairPorts } from "../peers/repair.js";
import type { Peer, PeerRecord, PeerRegistration, PeerStatus, TurnState } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";
import { showPeer } from "../peers/show.js";
import type { Question } from "../questions/schema.js";
import type { RunManager } from "../runs/manager.js";
import { parseTime } from "../system-host.js";
import { Traces } from "../traces/traces.js";
import { listed, type Listing, type ListingPage } from "./listing.js";
import { ackedAnswer, answerAsk, type AskAnswer, askQuestions, endWithQuestion } from "./ask-questions.js";
import { Contradictions } from "./contradictions.js";
import { broadcast, type BroadcastInput, type BroadcastReply } from "./broadcast.js";
import { runInputs } from "./run-inputs.js";
import { checkRunPeer, followRuns, retireEndedRuns } from "./run-peers.js";
import { noteTurn, type TurnReport } from "./turns.js";
import { keepUp } from "./upkeep.js";

/** What a mesh is made of. */
export interface MeshOptions {
  readonly manager: RunManager;
  /** What the host can look at: processes and panes. @defaultValue nothing */
  readonly probes?: PeerProbes;
  /** Name of this host. @defaultValue "localhost" */
  readonly machine?: string;
  /** Makes the token that is a peer; nothing for one that has some already, as a run has. Without it peers have none, and only owners act for them. */
  readonly peerToken?: (peer: PeerRecord) => Promise<string | undefined>;
  /** A peer is gone for good, or was reaped and may come back: what its token is worth from now on. */
  readonly peerRetired?: (peer: PeerRecord, reason: string) => void;
  /** Whether there is a foreign agent of this name. @defaultValue there is none */
  readonly knowsAgent?: (name: string) => boolean | Promise<boolean>;
  /** The real path of a folder, its links followed. @defaultValue the path as it is given */
  readonly realPath?: (path: string) => Promise<string>;
  /** What the caller's attachments are. Without it there are none. @throws `attachment_not_found` */
  readonly attached?: (ids: readonly string[], caller: Caller) => Promise<AttachedFile[]>;
}

/** Counts for the status document. */
export interface MeshStats {
  readonly peers: Readonly<Record<PeerStatus, number>>;
  readonly open_asks: number;
  /** Messages that wait. */
  readonly queued: number;
}

/** A peer's own report of what it does. */
export interface SessionReport {
  readonly status?: "online" | "busy";
  readonly turn_state?: TurnState;
  readonly model?: string;
  readonly session_id?: string;
  readonly metadata?: Record<string, unknown>;
  readonly turn?: TurnReport;
}

/** Peers that find, ask, answer and notify each other, over one manager. Open it after the manager, close it before. */
export class Mesh {
  readonly manager: RunManager;
  readonly peers: PeerRegistry;
  readonly traces: Traces;
  readonly mail: Mail;
  readonly courier: Courier;
  readonly receipts: LateReceipts;
  readonly claims: Claims;
  readonly links: Links;
  readonly asks: Asks;
  readonly asksToMany: AsksToMany;
  readonly #options: MeshOptions;
  readonly #runChannel: RunChannel;
  readonly #repair: Repair;
  readonly #contradictions: Contradictions;
  readonly #unfollow: () => void;
  readonly #receivers = new Map<string, InProcessReceiver>();
  /** Does work for as long as a call is held. @throws `too_many_waits` */
  readonly holding: Holding;
  #stopUpkeep = (): void => {};

  constructor(options: MeshOptions) {
    const { manager, machine = "localhost", peerToken, peerRetired, probes = noProbes } = options;
    const { journal, store, host, limits } = manager;
    const parts = { journal, store, host, limits };
    this.manager = manager;
    this.holding = createHolding(limits.meshWaits);
    this.#options = options;
    this.traces = new Traces(parts);
    this.peers = new PeerRegistry(parts, {
      machine,
      evidence: (peer) => this.#channelOf(peer) !== undefined,
      check: (registration) => this.#check(registration),
      probes,
      ...(peerToken && { token: peerToken }),
    });
    const known = (peer: PeerRecord) => this.#known(peer);
    this.#contradictions = new Contradictions(this.peers);
    const looked: RepairPorts["looked"] = (peer, look) => this.#contradictions.looked(peer, look);
    this.#repair = new Repair({ peers: this.peers, host, limits }, { probes, machine, known, looked });
    this.mail = new Mail(parts, this.traces, (message) => this.asks.messageMoved(message));
    this.courier = new Courier(parts, this.mail, this.traces, {
      channelOf: (peer) => this.#channelOf(peer),
      peer: (peer_id) => this.peers.byId(peer_id),
    });
    const drain = (peer_id: string): void => this.courier.drain(peer_id);
    this.receipts = new LateReceipts(parts, this.mail, drain);
    this.claims = new Claims(parts, this.mail, this.traces, drain);
    this.links = new Links({
      host,
      limits,
      seen: (peer_id) => this.peers.touch(peer_id),
      working: (peer_id) => void this.peers.event(peer_id, { type: "working" }),
      receipt: (...receipt) => void this.receipts.take(...receipt),
      waiting: (peer_id) => this.mail.waiting(peer_id).length,
      open: (peer_id) => this.courier.resume(peer_id),
    });
    this.asks = new Asks({
      ...parts,
      peers: this.peers,
      courier: this.courier,
      mail: this.mail,
      traces: this.traces,
      questions: askQuestions(manager),
      closed: (ask) => this.asksToMany.childClosed(ask),
    });
    manager.desk.alongside((closed) => endWithQuestion(this.asks, closed));
    const { mail, traces } = this;
    this.asksToMany = new AsksToMany({ ...parts, traces }, this.asks);
    this.#runChannel = new RunChannel(manager, runInputs({ journal, mail, traces, asks: () => this.asks }));
    this.#unfollow = followRuns(manager, this.peers);
    this.peers.onRetire((peer) => {
      const asks = this.asks.endFor(peer.peer_id);
      const step = joinSteps(asks.step, this.courier.endFor(peer.peer_id));
      return { ...asks, step };
    });
    this.peers.onRetire((peer, reason) => {
      this.#receivers.delete(peer.peer_id);
      return {
        step: {},
        taken: () => {
          this.claims.drop(peer.peer_id);
          // First the socket learns that the peer is retired: that its token has ended tells it less.
          this.links.retire(peer.peer_id, reason);
          peerRetired?.(peer, reason);
        },
      };
    });
  }

  /** Takes over what a former life left; before it, nothing of the mesh is served. */
  async open(): Promise<void> {
    // None of these looks into another while it opens.
    await Promise.all([this.traces.open(), this.peers.open(), this.asks.load()]);
    await this.mail.open();
    await this.asks.open();
    await this.asksToMany.open();
    await retireEndedRuns(this.manager, this.peers);
    const sweep = (): void => {
      void this.refresh();
      this.sweep();
    };
    this.#stopUpkeep = keepUp(this.manager, { sweep, isLive: (id) => this.asks.isLive(id) });
  }

  /** Counts of this moment. */
  stats(): MeshStats {
    const peers = { online: 0, busy: 0, offline: 0 };
    for (const { status } of this.peers.living()) peers[status] += 1;
    return { peers, open_asks: this.asks.openCount, queued: this.mail.queued };
  }

  /** Looks whether the peers are still there, unless that was done lately. */
  refresh(): Promise<void> {
    return this.#repair.run();
  }

  /** Has a doctor judge what each such look gives: where the parts of a peer disagree, the feed is told. */
  examineBy(doctor: Pick<Panes, "examine">): void {
    this.#contradictions.doctor = doctor;
  }

  /** Ends what has waited too long. */
  sweep(): void {
    this.courier.sweep();
    this.asks.sweep();
    this.asksToMany.sweep();
    this.traces.sweep((id) => this.asks.isOpen(id));
  }

  /** A service within this process: its messages are handed to the function. */
  receive(peer_id: string, receiver: InProcessReceiver): void {
    this.#receivers.set(peer_id, receiver);
  }

  /** A peer as the caller sees it at this moment. */
  shownPeer(peer: PeerRecord, caller: Caller): Peer {
    const { host, limits } = this.manager;
    const nowMs = host.clock.now();
    const open = this.asks.openTo(peer.peer_id);
    const oldest = open.at(-1);
    return showPeer(peer, {
      link: this.links.stateOf(peer.peer_id),
      inbox: {
        pendingAsks: open.length,
        ...(oldest && { oldestAgeMs: Math.max(0, nowMs - parseTime(oldest.created_at)) }),
        queued: this.mail.waiting(peer.peer_id).length,
      },
      nowMs,
      descriptionMs: limits.descriptionMs,
      caller,
    });
  }

  async realPath(path: string): Promise<string> {
    return (await this.#options.realPath?.(path)) ?? path;
  }

  /** @throws `invalid_pane_id`, `peer_not_found` */
  peerOfPane(pane_id: string): PeerRecord {
    const digits = /^%?(\d{1,9})$/.exec(pane_id)?.[1];
    if (digits === undefined) throw new AnodeError("invalid_pane_id", "pane_id must be of the form %7 or 7.");
    const peer = this.peers.living().find((one) => one.pane_id === `%${digits}`);
    if (!peer) throw new AnodeError("peer_not_found", `No peer is in the pane %${digits}.`);
    return peer;
  }

  /**
   * Whom a message is for, if its sender may reach it.
   * @throws `peer_not_found`, `ambiguous_peer`, `peer_retired`, `circle_forbidden`
   */
  recipient(
    to: { readonly to_peer: string; readonly circle?: string | undefined; readonly bypass_circle?: boolean | undefined },
    sender: Sender,
    caller: Caller,
  ): PeerRecord {
    const { to_peer, circle, bypass_circle = false } = to;
    if (bypass_circle && !hasScope(caller, "admin")) throw new AnodeError("circle_forbidden", "bypass_circle needs the scope admin.");
    const peer = this.peers.find(to_peer, { circle, from: bypass_circle ? undefined : sender.peer });
    assertReach(sender.peer, peer, bypass_circle);
    return peer;
  }

  /** @throws `attachment_not_found` */
  async attached(ids: readonly string[], caller: Caller): Promise<AttachedFile[]> {
    if (ids.length === 0) return [];
    if (this.#options.attached) return this.#options.attached(ids, caller);
    throw new AnodeError("attachment_not_found", "There are no attachments here.", { status: 422 });
  }

  /** The short form of an answer: an acknowledgement, or a text. @throws the refusals of the answer */
  async ackQuestion(ask: Ask, message: string | undefined, files: readonly AttachedFile[] | undefined, caller: Caller): Promise<Ask> {
    return (await this.answerAsk(ask.correlation_id, { ...ackedAnswer(ask, message), files }, caller)).ask;
  }

  /** Answers the question of an ask, which closes the ask with it. @throws the refusals of the answer */
  answerAsk(correlation_id: string, answer: AskAnswer, caller: Caller): Promise<{ readonly ask: Ask; readonly question: Question }> {
    return answerAsk(this.asks, this.manager.desk, correlation_id, answer, caller);
  }

  /** Stored asks or messages, newest first. A peer sees its own. */
  listed(collection: "asks" | "messages", query: Listing, caller: Caller): Promise<ListingPage> {
    return listed(this.manager.store, this.peers, collection, query, caller);
  }

  /** Takes note of a peer's own report. */
  report(peer: PeerRecord, { status, turn_state, turn, ...fields }: SessionReport): PeerRecord {
    // A composer that is idle ends no dialog; only a turn's own report does.
    const isNote = turn_state === "idle" && status === undefined && turn === undefined;
    const event = isNote
      ? ({ type: "composer_idle" } as const)
      : ({ type: "report", ...(status && { status }), ...(turn_state && { turn_state }) } as const);
    this.peers.touch(peer.peer_id);
    const next = this.peers.event(peer.peer_id, event, fields) ?? peer;
    if (turn_state === "idle" && next.turn_state === "idle") {
      this.links.idle(peer.peer_id);
      this.courier.resume(peer.peer_id);
    }
    if (turn) noteTurn(this.asks, this.manager.journal, next, turn);
    return next;
  }

  /** To every live peer of a circle but the sender; one that cannot be reached stops nobody else. */
  async broadcast(input: BroadcastInput, { caller, keep }: Pick<CallContext, "caller" | "keep">): Promise<BroadcastReply> {
    const { peers, courier, traces, manager } = this;
    return broadcast({ peers, courier, traces, host: manager.host, journal: manager.journal }, input, caller, keep);
  }

  close(): void {
    this.#stopUpkeep();
    this.courier.close();
    this.claims.close();
    this.links.close();
    this.#runChannel.close();
    this.#unfollow();
    this.asks.stop();
    this.asksToMany.stop();
  }

  readonly #replyOf = async ({ correlation_id = "" }: Message, reply_text: string): Promise<void> => {
    await this.asks.close(correlation_id, { close_reason: "ack_with_msg", reply_text, replied_by: "ack" }).catch(() => {});
  };

  /** The first live way to a peer: its run, a function in the process, its socket. */
  #channelOf(peer: PeerRecord): Channel | undefined {
    if (peer.run_id !== undefined) return this.#runChannel;
    const receiver = this.#receivers.get(peer.peer_id);
    return receiver ? inProcessChannel(receiver, this.#replyOf) : this.links.channelOf(peer.peer_id);
  }

  #known({ peer_id, run_id }: PeerRecord): ReturnType<RepairPorts["known"]> {
    const link = this.links.stateOf(peer_id);
    return {
      inProcess: this.#receivers.has(peer_id),
      socket: link?.connected ?? false,
      pongsWithoutPane: link?.pongsWithoutPane ?? 0,
      // A run that ends retires its peer at once: one that is there has a run.
      ...(run_id !== undefined && { run: "live" as const }),
    };
  }

  /** @throws `unknown_agent`, `run_takes_no_input` */
  async #check(registration: PeerRegistration): Promise<void> {
    const { agent } = registration;
    if (agent !== undefined && !(await this.#options.knowsAgent?.(agent))) {
      throw new AnodeError("unknown_agent", `There is no agent ${JSON.stringify(agent)}.`);
    }
    if (registration.backend === "run" || registration.backend === "acp") await checkRunPeer(this.manager, registration.run_id);
  }
}
