import { AsksToMany } from "../asks/ask-many.js";
import { Asks } from "../asks/asks.js";
import type { Caller } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import { createHolding, type Holding } from "../holding.js";
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
import { createPeerProbes } from "../panes/peer-probes.js";
import { noProbes } from "../peers/evidence.js";
import { PeerRegistry } from "../peers/registry.js";
import { Repair, type RepairPorts } from "../peers/repair.js";
import type { Peer, PeerRecord, PeerRegistration, PeerStatus, RetireReason } from "../peers/schema.js";
import { showPeer } from "../peers/show.js";
import { questionStepsOf, type RunManager } from "../runs/manager.js";
import { parseTime } from "../system-host.js";
import { Traces } from "../traces/traces.js";
import { askQuestions, endWithQuestion } from "./ask-questions.js";
import { ToldContradictions } from "./told-contradictions.js";
import { panesOf } from "./mesh-panes.js";
import type { MeshOptions } from "./options.js";
import { runInputs } from "./run-inputs.js";
import { checkRunPeer, followRuns, retireEndedRuns } from "./run-peers.js";
import { keepUp } from "./upkeep.js";

/** Counts for the status document. */
export interface MeshStats {
  readonly peers: Readonly<Record<PeerStatus, number>>;
  readonly open_asks: number;
  /** Messages that wait. */
  readonly queued: number;
}

/** The parts of a mesh, each handed what it needs of the others, and what the contract asks of several at once. */
export class ComposedMesh {
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
  /** Does work for as long as a call is held. @throws `too_many_waits` */
  readonly holding: Holding;
  /** Of its peers, where there are any. */
  readonly panes: Panes | undefined;
  readonly #options: MeshOptions;
  readonly #runChannel: RunChannel;
  readonly #repair: Repair;
  readonly #contradictions: ToldContradictions;
  readonly #unfollow: () => void;
  readonly #receivers = new Map<string, InProcessReceiver>();
  #stopUpkeep = (): void => {};

  constructor(options: MeshOptions) {
    const { manager, panes, machine = "localhost", peerToken } = options;
    const probes = options.probes ?? (panes ? createPeerProbes(panes.backend, panes.isAlive) : noProbes);
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
      receipt: (...receipt) => this.receipts.take(...receipt),
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
    questionStepsOf(manager).alongside((closed) => endWithQuestion(this.asks, closed));
    const { mail, traces } = this;
    this.asksToMany = new AsksToMany({ ...parts, traces }, this.asks);
    this.panes = panes && panesOf(this, panes, machine, async (peer) => peerToken?.(peer));
    this.#contradictions = new ToldContradictions({ peers: this.peers, doctor: this.panes });
    this.#runChannel = new RunChannel(manager, runInputs({ journal, mail, traces, asks: () => this.asks }));
    this.#unfollow = followRuns(manager, this.peers);
    this.peers.onRetire(({ peer_id }) => {
      const asks = this.asks.endFor(peer_id);
      return { ...asks, step: joinSteps(asks.step, this.courier.endFor(peer_id)) };
    });
    this.peers.onRetire((peer, reason) => {
      this.#receivers.delete(peer.peer_id);
      return { step: {}, taken: () => this.#retired(peer, reason) };
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
    await this.panes?.open();
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

  /** @throws `attachment_not_found` */
  async attached(ids: readonly string[], caller: Caller): Promise<AttachedFile[]> {
    if (ids.length === 0) return [];
    if (this.#options.attached) return this.#options.attached(ids, caller);
    throw new AnodeError("attachment_not_found", "There are no attachments here.", { status: 422 });
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

  #retired(peer: PeerRecord, reason: RetireReason): void {
    this.claims.drop(peer.peer_id);
    // First the socket learns that the peer is retired: that its token has ended tells it less.
    this.links.retire(peer.peer_id, reason);
    this.#options.peerRetired?.(peer, reason);
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
